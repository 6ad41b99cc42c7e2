'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, SEGMENTS, itemRow, markerRow } = require('../../support/data');
const { scenes } = require('../../support/scene');

const newScene = scenes();

const flag = { key: 'my-flag', version: 7, on: true, variations: [true, null] };
const segment = { key: 'my-segment', version: 3, included: ['someone'] };
const data = { features: { 'my-flag': flag }, segments: { 'my-segment': segment } };

/** Keys and prefixes that trip careless code. */
const ODD_NAMES = [
  '$',
  '$inited',
  'a:b',
  ':',
  'a$b:c$d',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '0',
  'null',
  ' with spaces ',
  'quote"backslash\\',
  'new\nline',
  'Ünïcödé',
  '日本語',
  '🚀🏳️‍🌈',
];

/** An object that has `__proto__` as a member like any other, as `JSON.parse` makes them. */
function byKey(items) {
  return Object.fromEntries(items.map((item) => [item.key, item]));
}

test('init writes a row for each item and the marker', async (t) => {
  const scene = await newScene(t);
  await scene.open().init(data);
  assert.deepStrictEqual(await scene.rows(), [
    markerRow(),
    itemRow('features', flag),
    itemRow('segments', segment),
  ]);
});

test('a prefix stands before the namespace, and in both keys of the marker', async (t) => {
  const scene = await newScene(t);
  await scene.open({ prefix: 'env' }).init(data);
  assert.deepStrictEqual(await scene.rows(), [
    markerRow('env'),
    itemRow('env:features', flag),
    itemRow('env:segments', segment),
  ]);
});

test('an empty prefix is none', async (t) => {
  const scene = await newScene(t);
  await scene.open({ prefix: '' }).init({ features: {} });
  assert.deepStrictEqual(await scene.rows(), [markerRow()]);
});

test('upsert writes the row that init would write', async (t) => {
  const scene = await newScene(t);
  await scene.open({ prefix: 'env' }).upsert(FEATURES, flag);
  assert.deepStrictEqual(await scene.rows(), [itemRow('env:features', flag)]);
});

test('delete writes a tombstone of key, version and deleted, and nothing else', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await store.upsert(FEATURES, flag);
  await store.delete(FEATURES, flag.key, 8);
  const tombstone = { key: flag.key, version: 8, deleted: true };
  assert.deepStrictEqual(await scene.rows(), [itemRow('features', tombstone)]);
});

test('an item that comes deleted is written as a tombstone', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  const tombstone = { key: 'gone', version: 2, deleted: true };
  await store.init({ features: { gone: { ...flag, ...tombstone } } });
  assert.deepStrictEqual(await scene.item('features', 'gone'), tombstone);
  await store.upsert(SEGMENTS, { ...segment, ...tombstone });
  assert.deepStrictEqual(await scene.item('segments', 'gone'), tombstone);
});

for (const cacheTTL of [0, 30]) {
  const how = cacheTTL ? 'cached' : 'uncached';

  test(`any key goes into the table and comes back, ${how}`, async (t) => {
    const scene = await newScene(t);
    const items = ODD_NAMES.map((key, i) => ({ key, version: i + 1, name: key }));
    const writer = scene.open({ cacheTTL });
    await writer.init({ features: byKey(items) });
    for (const store of [writer, scene.open({ cacheTTL })]) {
      assert.deepStrictEqual(await store.all(FEATURES), byKey(items));
      for (const item of items) assert.deepStrictEqual(await store.get(FEATURES, item.key), item);
    }
    const stored = (await scene.rows()).filter((row) => row.namespace.S === 'features');
    assert.deepStrictEqual(stored.map((row) => row.key.S).sort(), [...ODD_NAMES].sort());
    assert.deepStrictEqual(scene.logger.lines, []);
  });

  test(`any key can be upserted and deleted, ${how}`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ cacheTTL });
    await store.init({ features: {} });
    for (const key of ODD_NAMES) {
      const item = { key, version: 1, name: key };
      assert.strictEqual(await store.get(FEATURES, key), null, key);
      await store.upsert(FEATURES, item);
      assert.deepStrictEqual(await store.get(FEATURES, key), item);
      await store.delete(FEATURES, key, 2);
      assert.strictEqual(await store.get(FEATURES, key), null, key);
    }
    assert.deepStrictEqual(await store.all(FEATURES), {});
    assert.deepStrictEqual(scene.logger.lines, []);
  });
}

test('any prefix can be used', async (t) => {
  const scene = await newScene(t);
  for (const prefix of ODD_NAMES) {
    const store = scene.open({ prefix, cacheTTL: 0 });
    assert.strictEqual(await store.initialized(), false, prefix);
    await store.init({ features: { old: { key: 'old', version: 1 } } });
    await store.init(data);
    assert.strictEqual(await store.initialized(), true, prefix);
    assert.deepStrictEqual(await store.all(FEATURES), data.features);
    assert.ok(await scene.row(`${prefix}:features`, flag.key), prefix);
    assert.strictEqual(await scene.row(`${prefix}:features`, 'old'), undefined, prefix);
  }
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('stores with different prefixes never touch the rows of one another', async (t) => {
  const scene = await newScene(t);
  const prefixes = [undefined, 'a', 'a:b', 'a:features', 'a$b', '$inited'];
  const stores = prefixes.map((prefix) => scene.open({ prefix, cacheTTL: 0 }));
  const own = (i) => ({ key: 'own', version: i + 1 });
  for (const [i, store] of stores.entries()) await store.init({ features: { own: own(i) } });
  for (const [i, store] of stores.entries()) {
    await store.upsert(FEATURES, { key: `more-${i}`, version: 1 });
    await store.delete(FEATURES, `no-${i}`, 1);
  }
  for (const [i, store] of stores.entries()) {
    const expected = { own: own(i), [`more-${i}`]: { key: `more-${i}`, version: 1 } };
    assert.deepStrictEqual(await store.all(FEATURES), expected);
  }
  const before = (await scene.rows()).filter((row) => row.namespace.S !== 'a:features');
  await stores[1].init({ features: {} });
  assert.deepStrictEqual(await scene.rows(), before);
});

test('members of items that nobody knows survive, and so do large numbers', async (t) => {
  const scene = await newScene(t);
  const item = {
    key: 'rich',
    version: 1_700_000_000_000,
    lastModified: 1_700_000_000_123,
    largest: Number.MAX_SAFE_INTEGER,
    fraction: 0.1,
    tiny: 5e-324,
    unknown: { deeply: [{ nested: null }, [], '', 'a/b', '\u2028'] },
  };
  const store = scene.open({ cacheTTL: 0 });
  await store.init({ features: { rich: item } });
  const row = await scene.row('features', 'rich');
  assert.deepStrictEqual(row, itemRow('features', item));
  assert.deepStrictEqual(await store.get(FEATURES, 'rich'), item);
  const newer = { ...item, version: item.version + 1 };
  await store.upsert(FEATURES, newer);
  assert.deepStrictEqual(await scene.row('features', 'rich'), itemRow('features', newer));
  assert.deepStrictEqual(await store.all(FEATURES), { rich: newer });
});

test('kinds other than flags and segments are stored alike', async (t) => {
  const scene = await newScene(t);
  const kinds = ['metrics', '$', 'Ünïcödé', '__proto__'].map((namespace) => ({ namespace }));
  const store = scene.open({ cacheTTL: 0 });
  const item = { key: 'one', version: 1, rules: 'not a list', prerequisites: 3 };
  await store.init(Object.fromEntries(kinds.map(({ namespace }) => [namespace, { one: item }])));
  for (const kind of kinds) {
    assert.deepStrictEqual(await store.get(kind, 'one'), item);
    await store.upsert(kind, { ...item, version: 2 });
    await store.upsert(kind, { ...item, key: 'two' });
    await store.delete(kind, 'two', 2);
    assert.deepStrictEqual(await store.all(kind), { one: { ...item, version: 2 } });
  }
  assert.strictEqual((await scene.rows()).length, 2 * kinds.length + 1);
});

test('an item over the size that LaunchDarkly stores is not written, and used all the same', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  const huge = { key: 'huge-flag', version: 2, text: 'x'.repeat(400_000) };
  const old = { key: 'huge-flag', version: 1 };
  await scene.put(itemRow('features', old));
  await store.upsert(FEATURES, huge);
  assert.strictEqual(scene.logger.linesWith(scene.table, 'huge-flag').length, 1);
  await store.init({ features: { 'huge-flag': huge, 'my-flag': flag } });
  assert.strictEqual(scene.logger.linesWith(scene.table, 'huge-flag').length, 2);
  assert.deepStrictEqual(await scene.item('features', 'huge-flag'), old);
  assert.deepStrictEqual(await store.all(FEATURES), { 'huge-flag': huge, 'my-flag': flag });
});

test('a row over that size which is already there is read', async (t) => {
  const scene = await newScene(t);
  const large = { key: 'large', version: 1, text: 'x'.repeat(403_000) };
  await scene.put(itemRow('features', large));
  assert.deepStrictEqual(await scene.open().get(FEATURES, 'large'), large);
  assert.deepStrictEqual(await scene.open().all(FEATURES), { large });
});
