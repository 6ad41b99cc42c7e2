'use strict';

/** What DynamoDB refuses: no rights to write, bad credentials, clocks, single rows. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, itemRow, markerRow } = require('../support/data');
const { becomes, waitFor } = require('../support/wait');
const { allSaved, byKey, faultScenes, itemsInTable, linesOfWaiting } = require('./scene');

const newScene = faultScenes();
/** Each read asks the table, however slow it is. */
const UNCACHED = { cacheTTL: 0, staleIfSlow: 60 };
const WRITES = ['PutItem', 'BatchWriteItem'];
const v = (key, version, more = {}) => ({ key, version, ...more });

test('a process without rights to write uses its own writes, and newer ones of others', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', v('a', 1)), itemRow('features', v('gone', 1)));
  await scene.proxy.set([{ fault: 'denied', operations: WRITES }]);
  const store = scene.open(UNCACHED);
  await store.init({ features: byKey(v('a', 2), v('b', 2)) });
  await store.upsert(FEATURES, v('c', 1));
  assert.deepStrictEqual(await store.all(FEATURES), byKey(v('a', 2), v('b', 2), v('c', 1)));
  assert.deepStrictEqual(linesOfWaiting(scene), ['error']);
  assert.strictEqual(scene.logger.linesWith('AccessDenied').length, 1);

  const other = scene.open({ clientOptions: { endpoint: scene.engine } });
  await other.upsert(FEATURES, v('a', 3));
  await other.upsert(FEATURES, v('new', 1));
  await other.delete(FEATURES, 'b', 3);
  await other.upsert(FEATURES, v('c', 1, { theirs: true }));
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), v('a', 3));
  assert.strictEqual(await store.get(FEATURES, 'b'), null);
  const expected = byKey(v('a', 3), v('new', 1), v('c', 1, { theirs: true }));
  assert.deepStrictEqual(await store.all(FEATURES), expected);
  assert.strictEqual(scene.logger.lines.length, 1, JSON.stringify(scene.logger.lines));
});

test('rights to write that come seconds later are used soon, without any read', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await scene.proxy.set([{ fault: 'denied', operations: WRITES }]);
  await store.init({ features: byKey(v('a', 1)) });
  await store.upsert(FEATURES, v('b', 1));
  assert.strictEqual(store.stats().unsaved, 2);
  await scene.proxy.reset();
  await allSaved(store);
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), byKey(v('a', 1), v('b', 1)));
  await becomes(() => linesOfWaiting(scene), ['error', 'warn']);
});

test('with rights to everything again, reads and writes go on by themselves', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0.01 });
  await scene.proxy.set([{ fault: 'denied' }]);
  await store.init({ features: byKey(v('a', 1)) });
  await store.upsert(FEATURES, v('b', 1));
  await waitFor(
    async () => (await store.all(FEATURES)) && store.stats().stale > 0,
    'a failed read'
  );
  await scene.proxy.reset();
  await waitFor(async () => {
    await store.all(FEATURES);
    return store.stats().unsaved === 0;
  }, 'all to be in the table');
  // A read that finds an item there counts it as saved, maybe before the init has come to its end.
  await becomes(() => itemsInTable(scene, 'features'), byKey(v('a', 1), v('b', 1)));
});

for (const fault of ['skewed', 'expired']) {
  test(`writes get in after a while in which DynamoDB says "${fault}"`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', v('a', 1)), markerRow());
    const store = scene.open({ cacheTTL: 0.01, writeTimeout: 0.5, readTimeout: 0.5 });
    await scene.proxy.set([{ fault }]);
    await store.upsert(FEATURES, v('a', 2));
    await store.upsert(FEATURES, v('b', 2));
    await store.get(FEATURES, 'c');
    await scene.proxy.reset();
    await waitFor(async () => {
      await store.get(FEATURES, 'c');
      return store.stats().unsaved === 0;
    }, 'all to be in the table');
    await becomes(() => itemsInTable(scene, 'features'), byKey(v('a', 2), v('b', 2)));
    await waitFor(() => linesOfWaiting(scene).length === 2, 'the line that all is in');
    assert.deepStrictEqual(linesOfWaiting(scene), ['error', 'warn']);
  });
}

test('one row that DynamoDB refuses holds up no other', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await scene.proxy.set([{ fault: 'refused', operations: ['PutItem'], containing: '"bad"' }]);
  const good = Array.from({ length: 30 }, (_, i) => v(`good-${i}`, 1));
  await Promise.all([v('bad', 1), ...good].map((item) => store.upsert(FEATURES, item)));
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), byKey(...good));
  assert.deepStrictEqual(await store.get(FEATURES, 'bad'), v('bad', 1));
  assert.strictEqual(store.stats().unsaved, 1);
  await store.upsert(FEATURES, v('good-1', 2));
  assert.strictEqual((await itemsInTable(scene, 'features'))['good-1'].version, 2);
});

test('a store that is read-only writes nothing, ever', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', v('theirs', 5)));
  const store = scene.open({ ...UNCACHED, readOnly: true });
  await store.init({ features: byKey(v('a', 1), v('theirs', 4)) });
  await store.upsert(FEATURES, v('b', 1));
  await store.delete(FEATURES, 'a', 2);
  assert.deepStrictEqual(await store.all(FEATURES), byKey(v('b', 1), v('theirs', 5)));
  assert.strictEqual(await store.initialized(), true);
  store.close();
  const { PutItem, BatchWriteItem } = await scene.proxy.counts();
  assert.deepStrictEqual([PutItem, BatchWriteItem], [undefined, undefined]);
  assert.deepStrictEqual(
    scene.logger.lines.map(({ level }) => level),
    ['warn']
  );
  assert.strictEqual((await scene.rows()).length, 1);
});
