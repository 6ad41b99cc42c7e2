'use strict';

/** DynamoDB is away while a store writes, and comes back. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, SEGMENTS, flagReferringTo, itemRow, markerRow } = require('../support/data');
const { waitFor } = require('../support/wait');
const { allSaved, byKey, faultScenes, itemsInTable, linesOfWaiting } = require('./scene');

const newScene = faultScenes();

/** Callbacks come soon, and what is not in by then waits. */
const SOON = { writeTimeout: 0.5 };
const v = (key, version, more = {}) => ({ key, version, ...more });

function dataSet(flags, segments, version = 1) {
  const features = Array.from({ length: flags }, (_, i) =>
    flagReferringTo(`flag-${i}`, {
      segments: [`segment-${i % segments}`],
      prerequisites: i > 0 ? [`flag-${i - 1}`] : [],
      version,
    })
  );
  const used = Array.from({ length: segments }, (_, i) => v(`segment-${i}`, version));
  return { features: byKey(...features), segments: byKey(...used) };
}

/** How DynamoDB may be away, and come back. */
const OUTAGES = {
  'is away': [(proxy) => proxy.leave(), (proxy) => proxy.comeBack()],
  'is silent': [(proxy) => proxy.set([{ fault: 'hang' }]), (proxy) => proxy.reset()],
  'answers with errors': [
    (proxy) => proxy.set([{ fault: 'unavailable' }]),
    (proxy) => proxy.reset(),
  ],
};

for (const [what, [begin, end]] of Object.entries(OUTAGES)) {
  test(`an init gets in though DynamoDB ${what}, and is used meanwhile`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', v('old', 1)), itemRow('features', v('flag-1', 90)));
    const store = scene.open({ ...SOON });
    await waitFor(() => store.get(FEATURES, 'old'), 'the old flag');
    const data = dataSet(200, 20);
    await begin(scene.proxy);
    await store.init(data);
    assert.strictEqual(store.stats().unsaved, 220);
    assert.deepStrictEqual(await store.all(FEATURES), data.features);
    assert.deepStrictEqual(await store.all(SEGMENTS), data.segments);
    assert.deepStrictEqual(await store.get(FEATURES, 'flag-7'), data.features['flag-7']);
    assert.strictEqual(await store.get(FEATURES, 'old'), null);
    assert.strictEqual(await store.initialized(), true);
    await end(scene.proxy);
    await allSaved(store);
    const { 'flag-1': newer, ...others } = await itemsInTable(scene, 'features');
    assert.strictEqual(newer.version, 90, 'nobody knows who wrote the newer one, and when');
    assert.deepStrictEqual(others, withoutKey(data.features, 'flag-1'));
    assert.deepStrictEqual(await itemsInTable(scene, 'segments'), data.segments);
    assert.deepStrictEqual((await scene.rows())[0], markerRow());
    await waitFor(() => linesOfWaiting(scene).length === 2, 'the line that all is in');
    assert.deepStrictEqual(linesOfWaiting(scene), ['error', 'warn']);
  });

  test(`updates get in though DynamoDB ${what}, and are used meanwhile`, async (t) => {
    const scene = await newScene(t);
    const old = Array.from({ length: 110 }, (_, i) => v(`flag-${i}`, 1));
    await scene.put(...old.map((item) => itemRow('features', item)));
    const store = scene.open(SOON);
    const before = await waitFor(() => store.all(FEATURES), 'all flags');
    assert.strictEqual(Object.keys(before).length, 110);
    await begin(scene.proxy);
    const updates = old.slice(0, 100).map((item) => v(item.key, 2, { on: true }));
    await Promise.all([
      ...updates.map((item) => store.upsert(FEATURES, item)),
      ...old.slice(100).map(({ key }) => store.delete(FEATURES, key, 2)),
    ]);
    assert.strictEqual(store.stats().unsaved, 110);
    assert.deepStrictEqual(await store.all(FEATURES), byKey(...updates));
    assert.strictEqual(await store.get(FEATURES, 'flag-100'), null);
    assert.deepStrictEqual(await store.get(FEATURES, 'flag-1'), updates[1]);
    await end(scene.proxy);
    await allSaved(store);
    const inTable = await itemsInTable(scene, 'features');
    for (const item of updates) assert.deepStrictEqual(inTable[item.key], item);
    for (const { key } of old.slice(100)) {
      assert.deepStrictEqual(inTable[key], { key, version: 2, deleted: true });
    }
    await waitFor(() => linesOfWaiting(scene).length === 2, 'the line that all is in');
    assert.deepStrictEqual(linesOfWaiting(scene), ['error', 'warn']);
  });
}

function withoutKey(object, key) {
  const { [key]: _, ...rest } = object;
  return rest;
}

test('what another process wrote in the outage is in the table at the end', async (t) => {
  const scene = await newScene(t);
  const store = scene.open(SOON);
  await store.init({ features: byKey(v('a', 1), v('b', 1)) });
  await allSaved(store);
  await scene.proxy.leave();
  await store.upsert(FEATURES, v('a', 2));
  await store.init({ features: byKey(v('a', 3), v('b', 3), v('c', 3)) });
  await store.upsert(FEATURES, v('b', 4));
  await scene.put(itemRow('features', v('a', 7)), itemRow('features', v('c', 2)));
  await scene.proxy.comeBack();
  await allSaved(store);
  const expected = byKey(v('a', 7), v('b', 4), v('c', 3));
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), expected);
  assert.deepStrictEqual(await store.all(FEATURES), expected);
});

test('an init that comes late does not mix two environments', async (t) => {
  const scene = await newScene(t);
  const store = scene.open(SOON);
  await store.init({ features: byKey(v('a', 50), v('b', 50)) });
  await allSaved(store);
  await scene.proxy.leave();
  const ours = { features: byKey(v('a', 51), v('b', 51)), segments: {} };
  await store.init(ours);
  const theirs = scene.open({ clientOptions: { endpoint: scene.engine } });
  await theirs.init({ features: byKey(v('a', 3), v('x', 4)), segments: byKey(v('y', 5)) });
  await scene.proxy.comeBack();
  await allSaved(store);
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), ours.features);
  assert.deepStrictEqual(await itemsInTable(scene, 'segments'), ours.segments);
});

test('an outage between the waves of an init leaves nothing out, and no flag goes first', async (t) => {
  const scene = await newScene(t);
  const store = scene.open(SOON);
  const data = dataSet(60, 3);
  // Segments get in, flags don't.
  await scene.proxy.set([
    { fault: 'reset', operations: ['BatchWriteItem', 'PutItem'], containing: 'prerequisites' },
  ]);
  await store.init(data);
  const segments = () => itemsInTable(scene, 'segments');
  await waitFor(async () => Object.keys(await segments()).length === 3, 'the segments');
  assert.deepStrictEqual(await segments(), data.segments);
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), {});
  assert.strictEqual(await scene.row('$inited', '$inited'), undefined);
  await scene.proxy.reset();
  await allSaved(store);
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), data.features);
  assert.ok(await scene.row('$inited', '$inited'));
});

test('updates behind an init that waits get in after it', async (t) => {
  const scene = await newScene(t);
  const store = scene.open(SOON);
  await scene.proxy.leave();
  const init = store.init({ features: byKey(v('a', 1), v('b', 1)) });
  const updates = [2, 3, 4].map((version) => store.upsert(FEATURES, v('a', version)));
  const gone = store.delete(FEATURES, 'b', 2);
  await Promise.all([init, ...updates, gone]);
  assert.deepStrictEqual(await store.all(FEATURES), byKey(v('a', 4)));
  await scene.proxy.comeBack();
  await allSaved(store);
  const inTable = await itemsInTable(scene, 'features');
  assert.deepStrictEqual(inTable, { a: v('a', 4), b: { ...v('b', 2), deleted: true } });
});
