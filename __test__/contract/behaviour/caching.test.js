'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, SEGMENTS, itemRow, markerRow } = require('../../support/data');
const { answerWith, rejection } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { gate, waitFor } = require('../../support/wait');

const newScene = scenes();

const flag = { key: 'a', version: 1, on: true };
const newer = { key: 'a', version: 2, on: false };
const other = { key: 'b', version: 1 };
const times = (count, action) => Promise.all(Array.from({ length: count }, action));

test('by default an item is read from DynamoDB once', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const store = scene.open();
  for (let i = 0; i < 5; i += 1) assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1 });
});

test('by default all items are read from DynamoDB once', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const store = scene.open();
  for (let i = 0; i < 5; i += 1) assert.deepStrictEqual(await store.all(FEATURES), { a: flag });
  assert.deepStrictEqual(scene.proxy.requests, { Query: 1 });
});

for (const cacheTTL of [0, -1]) {
  test(`at a cacheTTL of ${cacheTTL} every read goes to DynamoDB`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', flag));
    const store = scene.open({ cacheTTL });
    for (let i = 0; i < 3; i += 1) {
      await store.get(FEATURES, 'a');
      await store.get(FEATURES, 'missing');
      await store.all(FEATURES);
      await store.initialized();
    }
    await times(4, () => store.get(FEATURES, 'a'));
    await times(4, () => store.all(FEATURES));
    assert.deepStrictEqual(scene.proxy.requests, { GetItem: 9 + 4, Query: 3 + 4 });
    await scene.put(itemRow('features', newer));
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), newer);
    assert.deepStrictEqual(await store.all(FEATURES), { a: newer });
  });
}

test('an infinite cacheTTL is one', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const store = scene.open({ cacheTTL: Infinity });
  await store.get(FEATURES, 'a');
  await scene.put(itemRow('features', newer));
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('what is past its time is read again', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const store = scene.open({ cacheTTL: 0.05 });
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
  assert.deepStrictEqual(await store.all(FEATURES), { a: flag });
  await scene.put(itemRow('features', newer));
  await waitFor(async () => (await store.get(FEATURES, 'a')).version === 2, 'the newer item');
  await waitFor(async () => (await store.all(FEATURES)).a.version === 2, 'all newer items');
});

test('fifty reads of one cold key at the same time are one request', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const store = scene.open();
  const items = await times(50, () => store.get(FEATURES, 'a'));
  for (const item of items) assert.deepStrictEqual(item, flag);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1 });
});

test('fifty cold reads of all items at the same time are one request', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const store = scene.open();
  for (const all of await times(50, () => store.all(FEATURES))) {
    assert.deepStrictEqual(all, { a: flag });
  }
  assert.deepStrictEqual(scene.proxy.requests, { Query: 1 });
});

test('a missing key is remembered as missing', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  for (let i = 0; i < 5; i += 1) assert.strictEqual(await store.get(FEATURES, 'no'), null);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1 });
});

test('a failed read is not remembered', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag), markerRow());
  const store = scene.open();
  scene.proxy.intercept(answerWith(rejection()));
  assert.strictEqual(await store.get(FEATURES, 'a'), null);
  assert.strictEqual(await store.all(FEATURES), null);
  assert.strictEqual(await store.initialized(), false);
  scene.proxy.reset();
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
  assert.deepStrictEqual(await store.all(FEATURES), { a: flag });
  assert.strictEqual(await store.initialized(), true);
});

test('after all has been read, single reads of that kind need no request', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag), itemRow('features', other));
  const store = scene.open();
  await store.all(FEATURES);
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
  assert.deepStrictEqual(await store.get(FEATURES, 'b'), other);
  assert.deepStrictEqual(scene.proxy.requests, { Query: 1 });
});

test('kinds with the same keys are not mixed up', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag), itemRow('segments', newer));
  const store = scene.open();
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
  assert.deepStrictEqual(await store.get(SEGMENTS, 'a'), newer);
  assert.deepStrictEqual(await store.all(SEGMENTS), { a: newer });
});

test('own upserts and deletes are seen at once', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await store.init({ features: { a: flag } });
  assert.strictEqual(await store.get(FEATURES, 'b'), null);
  assert.deepStrictEqual(await store.all(FEATURES), { a: flag });
  await store.upsert(FEATURES, newer);
  await store.upsert(FEATURES, other);
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), newer);
  assert.deepStrictEqual(await store.get(FEATURES, 'b'), other);
  assert.deepStrictEqual(await store.all(FEATURES), { a: newer, b: other });
  await store.delete(FEATURES, 'b', 2);
  assert.strictEqual(await store.get(FEATURES, 'b'), null);
  assert.deepStrictEqual(await store.all(FEATURES), { a: newer });
});

test('after an own init nothing has to be read', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await store.init({ features: { old: other, a: newer }, segments: {} });
  await store.init({ features: { a: flag }, segments: { b: other } });
  scene.proxy.reset();
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
  assert.deepStrictEqual(await store.get(SEGMENTS, 'b'), other);
  assert.deepStrictEqual(await store.all(FEATURES), { a: flag });
  assert.deepStrictEqual(await store.all(SEGMENTS), { b: other });
  assert.strictEqual(await store.initialized(), true);
  assert.deepStrictEqual(scene.proxy.requests, {});
});

/** Lets reads reach the engine, and holds their answers back until the gate opens. */
function holdReads(scene) {
  const held = gate();
  let holding = true;
  scene.proxy.intercept(async ({ operation }, forward) => {
    if (!holding || !['GetItem', 'Query'].includes(operation)) return undefined;
    const answer = await forward();
    await held.opened;
    return answer;
  });
  const stopHolding = () => {
    holding = false;
  };
  return { ...held, stopHolding };
}

const READS = {
  get: (store) => store.get(FEATURES, 'a'),
  all: async (store) => (await store.all(FEATURES)).a ?? null,
};
const WRITES = {
  upsert: [(store) => store.upsert(FEATURES, newer), newer],
  delete: [(store) => store.delete(FEATURES, 'a', 2), null],
  init: [(store) => store.init({ features: { a: newer } }), newer],
  'init with an older version': [
    (store) => store.init({ features: { a: { key: 'a', version: 0 } } }),
    { key: 'a', version: 0 },
  ],
};

for (const [reading, read] of Object.entries(READS)) {
  for (const [writing, [write, result]] of Object.entries(WRITES)) {
    test(`a slow ${reading} does not undo a later ${writing}`, async (t) => {
      const scene = await newScene(t);
      await scene.put(itemRow('features', flag));
      const store = scene.open();
      const held = holdReads(scene);
      const slow = read(store);
      await waitFor(() => scene.proxy.history.length === 1, 'the read');
      held.stopHolding();
      await write(store);
      for (const later of Object.values(READS)) assert.deepStrictEqual(await later(store), result);
      held.open();
      await slow;
      for (const later of Object.values(READS)) assert.deepStrictEqual(await later(store), result);
    });
  }
}

test('a slow read of a missing key does not hide an item that came meanwhile', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  const held = holdReads(scene);
  const slow = store.get(FEATURES, 'a');
  await waitFor(() => scene.proxy.history.length === 1, 'the read');
  held.stopHolding();
  await store.upsert(FEATURES, flag);
  held.open();
  await slow;
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
});

test('eventually consistent reads that lag do not hide own writes', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const lagging = { Items: [itemRow('features', flag)], Count: 1, ScannedCount: 1 };
  scene.proxy.intercept(({ operation }) =>
    operation === 'Query' ? { status: 200, body: lagging } : undefined
  );
  const store = scene.open();
  await store.upsert(FEATURES, newer);
  await store.upsert(FEATURES, other);
  assert.deepStrictEqual(await store.all(FEATURES), { a: newer, b: other });
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), newer);
  assert.deepStrictEqual(await store.get(FEATURES, 'b'), other);
  await store.delete(FEATURES, 'a', 3);
  assert.deepStrictEqual(await store.all(FEATURES), { b: other });
});

test('once initialized has been seen it is not read again', async (t) => {
  const scene = await newScene(t);
  await scene.put(markerRow());
  const store = scene.open();
  for (let i = 0; i < 3; i += 1) assert.strictEqual(await store.initialized(), true);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1 });
});

test('without caching a store that is not initialized is read again each time', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  for (let i = 0; i < 3; i += 1) assert.strictEqual(await store.initialized(), false);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 3 });
  await scene.put(markerRow());
  assert.strictEqual(await store.initialized(), true);
});

test('that another process initialized the store is seen in time', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0.05 });
  assert.strictEqual(await store.initialized(), false);
  await scene.open().init({ features: {} });
  await waitFor(() => store.initialized(), 'initialized');
});

for (const consistentRead of [true, false, undefined]) {
  test(`reads are ${consistentRead ? '' : 'not '}strongly consistent with consistentRead ${consistentRead}`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ consistentRead, cacheTTL: 0 });
    await store.get(FEATURES, 'a');
    await store.all(FEATURES);
    await store.initialized();
    const requested = scene.proxy.history.map(({ operation, body }) => [
      operation,
      Boolean(body.ConsistentRead),
    ]);
    const expected = ['GetItem', 'Query', 'GetItem'].map((name) => [name, Boolean(consistentRead)]);
    assert.deepStrictEqual(requested, expected);
  });
}

test('what init goes by is read strongly consistent', async (t) => {
  const scene = await newScene(t);
  await scene.open().init({ features: { a: flag }, segments: {} });
  const reads = scene.proxy.history.filter(({ operation }) =>
    ['GetItem', 'Query'].includes(operation)
  );
  assert.strictEqual(reads.length, 3);
  assert.ok(reads.every(({ body }) => body.ConsistentRead === true));
});

test('no request has the reader pay for a scan, and only the kinds of the data set are queried', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ prefix: 'p', cacheTTL: 0 });
  await store.init({ features: { a: flag } });
  await store.upsert(FEATURES, newer);
  await store.all(FEATURES);
  const operations = Object.keys(scene.proxy.requests).sort();
  assert.deepStrictEqual(operations, ['BatchWriteItem', 'GetItem', 'PutItem', 'Query']);
  const queries = scene.proxy.history.filter(({ operation }) => operation === 'Query');
  const namespaces = queries.map(({ body }) => Object.values(body.ExpressionAttributeValues));
  assert.deepStrictEqual(
    namespaces
      .flat()
      .map(({ S }) => S)
      .sort(),
    ['p:features', 'p:features', 'p:segments']
  );
});

test('what is handed out is not changed later', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await store.init({ features: { a: flag } });
  const before = await store.all(FEATURES);
  const item = await store.get(FEATURES, 'a');
  await store.upsert(FEATURES, newer);
  await store.upsert(FEATURES, other);
  assert.deepStrictEqual(before, { a: flag });
  assert.deepStrictEqual(item, flag);
});

test('what the caller does to an item after handing it over has no effect', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  const mine = { key: 'a', version: 3, on: true };
  const update = store.upsert(FEATURES, mine);
  mine.on = false;
  await update;
  assert.strictEqual((await store.get(FEATURES, 'a')).on, true);
  assert.strictEqual((await scene.item('features', 'a')).on, true);
  const data = { features: { b: { key: 'b', version: 1, on: true } } };
  const init = store.init(data);
  data.features.b.on = false;
  data.features.c = other;
  await init;
  assert.deepStrictEqual(await store.all(FEATURES), { b: { key: 'b', version: 1, on: true } });
});
