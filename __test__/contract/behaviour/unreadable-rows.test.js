'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, itemRow } = require('../../support/data');
const { scenes } = require('../../support/scene');

const newScene = scenes();

const KEY = 'odd-row';
const live = { key: 'live', version: 1, on: true };
const odd = (attributes) => itemRow('features', { key: KEY, version: 1 }, attributes);

/** Rows that no flag can be made of, by what is wrong with them. */
const UNREADABLE = {
  'JSON that is cut off': odd({ item: { S: '{"key":"odd-row","version":1' } }),
  'text after the JSON': odd({ item: { S: '{"key":"odd-row","version":1} and more' } }),
  'text that is no JSON': odd({ item: { S: 'hello' } }),
  'an empty item': odd({ item: { S: '' } }),
  'no item': odd({ item: undefined }),
  'no version anywhere': odd({ version: undefined, item: { S: '{"key":"odd-row"}' } }),
  'a number as item': odd({ item: { N: '1' } }),
  'a map as item': odd({ item: { M: { key: { S: KEY } } } }),
  'a JSON number': odd({ item: { S: '17' } }),
  'a JSON string': odd({ item: { S: '"odd-row"' } }),
  'a JSON array': odd({ item: { S: '[{"key":"odd-row","version":1}]' } }),
  'a JSON boolean': odd({ item: { S: 'true' } }),
};

/** Puts a row that some engines reject; a rejection skips the test. */
async function putOrSkip(t, scene, row) {
  try {
    await scene.put(row);
    return true;
  } catch (error) {
    if (error.code !== 'ValidationException') throw error;
    t.skip(`this engine refuses the row: ${error.message}`);
    return false;
  }
}

for (const [what, row] of Object.entries(UNREADABLE)) {
  for (const cacheTTL of [0, 30]) {
    const how = cacheTTL ? 'cached' : 'uncached';

    test(`a row with ${what} reads as missing and is logged once, ${how}`, async (t) => {
      const scene = await newScene(t);
      await scene.put(itemRow('features', live));
      if (!(await putOrSkip(t, scene, row))) return;
      const store = scene.open({ cacheTTL });
      assert.strictEqual(await store.get(FEATURES, KEY), null);
      assert.deepStrictEqual(await store.all(FEATURES), { live });
      assert.deepStrictEqual(await store.get(FEATURES, 'live'), live);
      assert.strictEqual(await store.get(FEATURES, KEY), null);
      assert.strictEqual(scene.logger.lines.length, 1);
      assert.strictEqual(scene.logger.linesWith(KEY, scene.table).length, 1);
      assert.match(scene.logger.lines[0].level, /^(error|warn)$/);
    });
  }

  test(`a row with ${what} is replaced by init`, async (t) => {
    const scene = await newScene(t);
    if (!(await putOrSkip(t, scene, row))) return;
    const item = { key: KEY, version: 1, on: true };
    const store = scene.open({ cacheTTL: 0 });
    await store.init({ features: { [KEY]: item } });
    assert.deepStrictEqual(await scene.row('features', KEY), itemRow('features', item));
    assert.deepStrictEqual(await store.get(FEATURES, KEY), item);
  });
}

test('a key with a line break does not break the line about it', async (t) => {
  const scene = await newScene(t);
  await scene.put(odd({ key: { S: 'broken\nline' }, item: { S: 'hello' } }));
  assert.strictEqual(await scene.open().get(FEATURES, 'broken\nline'), null);
  assert.strictEqual(scene.logger.lines.length, 1);
  assert.doesNotMatch(scene.logger.lines[0].message, /\n/);
});

test('a row with unreadable JSON gives way to a newer version', async (t) => {
  const scene = await newScene(t);
  await scene.put(odd({ item: { S: 'hello' } }));
  const store = scene.open({ cacheTTL: 0 });
  const item = { key: KEY, version: 2, on: true };
  await store.upsert(FEATURES, item);
  assert.deepStrictEqual(await store.get(FEATURES, KEY), item);
});

const json = { key: KEY, version: 4, on: true };
/** Rows whose version is to be had from the JSON only. */
const VERSION_IN_JSON = {
  'is missing': undefined,
  'is text': { S: '4' },
  'is null': { NULL: true },
};

for (const [what, version] of Object.entries(VERSION_IN_JSON)) {
  test(`a row whose attribute version ${what} is live if its JSON has one`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', json, { version }));
    const store = scene.open({ cacheTTL: 0 });
    assert.deepStrictEqual(await store.get(FEATURES, KEY), json);
    assert.deepStrictEqual(await store.all(FEATURES), { [KEY]: json });
    assert.deepStrictEqual(scene.logger.lines, []);
  });
}

test('a row without the attribute version is overwritten by any upsert', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', json, { version: undefined }));
  const item = { key: KEY, version: 1 };
  const store = scene.open();
  await store.upsert(FEATURES, item);
  assert.deepStrictEqual(await scene.row('features', KEY), itemRow('features', item));
  assert.deepStrictEqual(await store.get(FEATURES, KEY), item);
});

test('a row with an item of bytes is not ours: missing, not logged, never deleted', async (t) => {
  const scene = await newScene(t);
  const foreign = odd({ version: undefined, item: { B: 'AAEC' } });
  await scene.put(foreign, itemRow('features', live));
  const store = scene.open({ cacheTTL: 0 });
  assert.strictEqual(await store.get(FEATURES, KEY), null);
  assert.deepStrictEqual(await store.all(FEATURES), { live });
  await store.init({ features: {} });
  assert.deepStrictEqual(await scene.row('features', KEY), foreign);
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('attributes that nobody knows do no harm', async (t) => {
  const scene = await newScene(t);
  await scene.put(
    itemRow('features', live, {
      ttl: { N: '1700000000' },
      tags: { SS: ['a', 'b'] },
      more: { M: { deleted: { BOOL: true } } },
      bytes: { B: 'AAEC' },
    })
  );
  const store = scene.open({ cacheTTL: 0 });
  assert.deepStrictEqual(await store.get(FEATURES, 'live'), live);
  assert.deepStrictEqual(await store.all(FEATURES), { live });
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('the sort key is the key, whatever the JSON says', async (t) => {
  const scene = await newScene(t);
  const other = { key: 'other', version: 1, on: true };
  const none = { version: 1, on: false };
  await scene.put(
    itemRow('features', other, { key: { S: 'first' } }),
    itemRow('features', none, { key: { S: 'second' } })
  );
  for (const cacheTTL of [0, 30]) {
    const store = scene.open({ cacheTTL });
    assert.deepStrictEqual(Object.keys(await store.all(FEATURES)).sort(), ['first', 'second']);
    assert.strictEqual((await store.get(FEATURES, 'first')).on, true);
    assert.strictEqual((await store.get(FEATURES, 'second')).on, false);
    assert.strictEqual(await store.get(FEATURES, 'other'), null);
  }
});

test('repeated members count as in JavaScript: the last one does', async (t) => {
  const scene = await newScene(t);
  const text = '{"key":"odd-row","version":1,"deleted":true,"deleted":false}';
  await scene.put(odd({ item: { S: text } }));
  assert.deepStrictEqual(await scene.open().get(FEATURES, KEY), JSON.parse(text));
});
