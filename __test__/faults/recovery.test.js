'use strict';

/**
 * SDKs after 9.13 have a recovery of their own: an error makes them poll `isStoreAvailable`, and then hand over all
 * their data again. It meets the retries of the store, and neither does the other's work again.
 */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { FEATURES, SEGMENTS, flagReferringTo, itemRow, markerRow } = require('../support/data');
const { answerWith, breakdown, failure, holdBack } = require('../support/faults');
const { RecoveringSdk } = require('../support/recovering-sdk');
const { scenes } = require('../support/scene');
const { viewOf } = require('../support/sdk-view');
const { answered, becomes, gate, waitFor } = require('../support/wait');
const { allSaved, byKey, itemsInTable } = require('./scene');

const newScene = scenes();
const SDK_9 = require(path.join(__dirname, '../sdk-suites/v8-v9/node_modules/node-server-sdk-9'));

/** Callbacks come soon; what is not in by then waits. */
const SOON = { writeTimeout: 1 };
const PATIENTLY = { availabilityTimeout: 60 };
const THROTTLED = failure(400, 'ProvisionedThroughputExceededException');
const DENIED = failure(400, 'AccessDeniedException');
const WRITES = ['PutItem', 'BatchWriteItem'];
const v = (key, version, more = {}) => ({ key, version, ...more });

function dataSet(version) {
  const flags = Array.from({ length: 60 }, (_, i) =>
    flagReferringTo(`flag-${i}`, { segments: [`segment-${i % 5}`], version })
  );
  const segments = Array.from({ length: 5 }, (_, i) => v(`segment-${i}`, version));
  return {
    features: byKey(...flags, v('gone', version, { deleted: true })),
    segments: byKey(...segments),
  };
}

/** Asserts that no version of a row was written twice, and none deleted. */
function assertWrittenOnce(scene) {
  const counts = new Map();
  for (const { put, namespace, key, row, taken } of scene.proxy.writes()) {
    if (!taken) continue;
    assert.ok(put, `${key} was deleted`);
    const name = `${namespace} ${key} ${row.version?.N}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const repeated = [...counts].filter(([, count]) => count > 1);
  assert.deepStrictEqual(repeated, []);
}

/** Asserts that the table has what an SDK has in memory. */
async function assertHas(scene, { features, segments }) {
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), features);
  assert.deepStrictEqual(await itemsInTable(scene, 'segments'), segments);
  assert.deepStrictEqual(await scene.row('$inited', '$inited'), markerRow());
}

/** An SDK with its own recovery, on a store of its own. */
function recoveringSdk(t, scene, options = {}) {
  const value = scene.value({ ...PATIENTLY, ...options });
  const { view, store } = viewOf(t, SDK_9, value);
  const sdk = new RecoveringSdk(view);
  t.after(() => sdk.close());
  return { sdk, view, store };
}

/** How DynamoDB may be away, and come back; and the codes of what fails meanwhile. */
const OUTAGES = {
  'refuses connections': {
    begin: ({ proxy }) => proxy.leave(),
    end: ({ proxy }) => proxy.comeBack(),
    codes: ['UNAVAILABLE', 'TIMED_OUT'],
  },
  'throttles everything': {
    begin: ({ proxy }) => proxy.intercept(answerWith(THROTTLED)),
    end: ({ proxy }) => proxy.intercept(),
    codes: ['THROTTLED', 'TIMED_OUT'],
  },
  'throttles writes': {
    begin: ({ proxy }) => proxy.intercept(answerWith(THROTTLED, ...WRITES)),
    end: ({ proxy }) => proxy.intercept(),
    codes: ['THROTTLED', 'TIMED_OUT'],
  },
  'fails on its side': {
    begin: ({ proxy }) => proxy.intercept(answerWith(breakdown())),
    end: ({ proxy }) => proxy.intercept(),
    codes: ['UNAVAILABLE', 'TIMED_OUT'],
  },
};

for (const [what, { begin, end, codes }] of Object.entries(OUTAGES)) {
  test(`an SDK that recovers by itself has its data in the table after DynamoDB ${what}`, async (t) => {
    const scene = await newScene(t);
    const { sdk, view, store } = recoveringSdk(t, scene, SOON);
    await begin(scene);
    const error = await sdk.init(dataSet(1));
    assert.ok(codes.includes(error?.code), `init: ${error}`);
    await end(scene);
    for (let version = 2; version <= 3; version += 1) {
      await waitFor(() => sdk.isAvailable, 'the SDK to have recovered');
      await begin(scene);
      const errors = await Promise.all([
        ...[1, 2, 3].map((i) => sdk.upsert(SEGMENTS, v(`segment-${i}`, version))),
        ...[1, 2, 3].map((i) => sdk.upsert(FEATURES, v(`flag-${i}`, version))),
        sdk.upsert(FEATURES, v('flag-9', version, { deleted: true })),
      ]);
      for (const { code } of errors) assert.ok(codes.includes(code), code);
      assert.strictEqual(sdk.isAvailable, false);
      await end(scene);
    }
    await waitFor(() => sdk.isAvailable, 'the SDK to have recovered');
    assert.strictEqual(store.stats().unsaved, 0);
    assert.ok(sdk.writeBacks >= 3, `${sdk.writeBacks}`);
    await assertHas(scene, sdk.memory);
    assertWrittenOnce(scene);
    assert.strictEqual(await store.get(FEATURES, 'gone'), null);
    assert.deepStrictEqual(await answered('available', view.isStoreAvailable), [true]);
  });
}

test('two SDKs that recover by themselves share a table', async (t) => {
  const scene = await newScene(t);
  const sdks = [1, 2].map(() => recoveringSdk(t, scene, SOON).sdk);
  await Promise.all(sdks.map((sdk) => sdk.init(dataSet(1))));
  await waitFor(() => sdks.every((sdk) => sdk.isAvailable), 'the data to be in the table');
  await scene.proxy.leave();
  for (const sdk of sdks) {
    await sdk.upsert(FEATURES, v('flag-1', 2));
    await sdk.upsert(FEATURES, v('flag-2', 2, { deleted: true }));
  }
  await scene.proxy.comeBack();
  await waitFor(() => sdks.every((sdk) => sdk.isAvailable), 'both to have recovered');
  await assertHas(scene, sdks[0].memory);
});

test('the store is not available while writes wait, and an SDK hands over nothing', async (t) => {
  const scene = await newScene(t);
  const { sdk, view } = recoveringSdk(t, scene);
  assert.strictEqual(await sdk.init(dataSet(1)), undefined);
  scene.proxy.intercept(answerWith(DENIED, ...WRITES));
  const error = /** @type {any} */ (await sdk.upsert(FEATURES, v('flag-1', 2)));
  assert.strictEqual(error.code, 'ACCESS_DENIED');
  const queries = scene.proxy.count('Query');
  const asked = scene.proxy.count('GetItem');
  await waitFor(() => scene.proxy.count('GetItem') >= asked + 3, 'three questions');
  assert.deepStrictEqual(await answered('available', view.isStoreAvailable), [false]);
  assert.strictEqual(sdk.writeBacks, 0);
  assert.strictEqual(scene.proxy.count('Query'), queries);
  scene.proxy.intercept();
  await waitFor(() => sdk.isAvailable, 'the SDK to have recovered');
  await assertHas(scene, sdk.memory);
  assertWrittenOnce(scene);
});

test('many questions whether the store is available send one request at a time', async (t) => {
  const scene = await newScene(t);
  const { view, store } = recoveringSdk(t, scene, SOON);
  let underWay = 0;
  let most = 0;
  scene.proxy.intercept(async ({ operation }) => {
    if (operation === 'GetItem') {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
    }
    return THROTTLED;
  });
  // The retries of an init read one row, too.
  await store.upsert(FEATURES, v('a', 1));
  let answers = 0;
  await waitFor(async () => {
    const asked = Array.from({ length: 10 }, () => answered('available', view.isStoreAvailable));
    for (const [isAvailable] of await Promise.all(asked)) {
      assert.strictEqual(isAvailable, false);
      answers += 1;
    }
    return scene.proxy.count('GetItem') >= 3;
  }, 'three requests');
  assert.ok(answers >= 10 * scene.proxy.count('GetItem'), `${answers} answers`);
  assert.strictEqual(most, 1);
});

for (const [what, options, item] of [
  ['read-only', { readOnly: true }, v('a', 2)],
  ['given too large a flag', {}, v('a', 2, { text: 'x'.repeat(400_000) })],
]) {
  test(`an SDK takes a store that is ${what} for available`, async (t) => {
    const scene = await newScene(t);
    const { sdk, view, store } = recoveringSdk(t, scene, options);
    assert.strictEqual(await sdk.init({ features: byKey(v('a', 1)), segments: {} }), undefined);
    assert.strictEqual(await sdk.upsert(FEATURES, item), undefined);
    assert.strictEqual(sdk.isAvailable, true);
    assert.deepStrictEqual(
      await answered('delete', (done) => view.delete(FEATURES, 'b', 1, done)),
      []
    );
    assert.deepStrictEqual(await answered('available', view.isStoreAvailable), [true]);
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), item);
  });
}

test('an init with the data that waits writes what is not in the table yet', async (t) => {
  const scene = await newScene(t);
  const { view, store } = recoveringSdk(t, scene);
  const data = dataSet(1);
  await store.init(data);
  scene.proxy.intercept(answerWith(DENIED, ...WRITES));
  const updates = [1, 2, 3, 4].map((i) => v(`flag-${i}`, 2));
  for (const update of updates) data.features[update.key] = update;
  await Promise.all(updates.map((update) => store.upsert(FEATURES, update)));
  // DynamoDB takes some of the updates.
  scene.proxy.intercept(({ operation, body }) => {
    const isTaken = operation === 'PutItem' && /flag-[12]$/.test(body.Item.key.S);
    return WRITES.includes(operation) && !isTaken ? DENIED : undefined;
  });
  const version = async (key) => (await scene.item('features', key)).version;
  await waitFor(
    async () => (await version('flag-1')) + (await version('flag-2')) > 2,
    'one of them'
  );
  scene.proxy.intercept();
  assert.deepStrictEqual(await answered('init', (done) => view.init(data, done)), []);
  await allSaved(store);
  await assertHas(scene, data);
  assertWrittenOnce(scene);
});

test('an init while the same data is written late waits, and writes no row again', async (t) => {
  const scene = await newScene(t);
  const { view, store } = recoveringSdk(t, scene);
  const data = dataSet(1);
  scene.proxy.intercept(answerWith(DENIED, ...WRITES));
  await store.init(data);
  const writing = gate();
  scene.proxy.reset();
  scene.proxy.intercept(holdBack(writing, ...WRITES));
  await waitFor(() => WRITES.some((write) => scene.proxy.count(write) > 0), 'the late init');
  const again = answered('init', (done) => view.init(data, done));
  await waitFor(() => store.get(FEATURES, 'flag-1'), 'the data');
  writing.open();
  assert.deepStrictEqual(await again, []);
  await allSaved(store);
  await assertHas(scene, data);
  assertWrittenOnce(scene);
});

test('a writer that removes the marker while it initialises hides nothing from readers', async (t) => {
  for (const cacheTTL of [0, 0.01]) {
    const scene = await newScene(t);
    await scene.put(markerRow(), itemRow('features', v('a', 1)), itemRow('features', v('b', 1)));
    const store = scene.open({ cacheTTL });
    assert.strictEqual(await store.initialized(), true);
    await scene.remove('$inited', '$inited');
    await scene.put(itemRow('features', v('a', 2)));
    await scene.remove('features', 'b');
    await becomes(() => store.get(FEATURES, 'a'), v('a', 2));
    await becomes(() => store.get(FEATURES, 'b'), null);
    assert.deepStrictEqual(await store.all(FEATURES), { a: v('a', 2) });
    assert.strictEqual(await store.initialized(), true);
    await scene.put(markerRow());
    assert.strictEqual(await store.initialized(), true);
    assert.deepStrictEqual(scene.logger.lines, []);
  }
});
