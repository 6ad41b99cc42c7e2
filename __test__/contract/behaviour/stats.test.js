'use strict';

/** What a store says of itself. */

const assert = require('node:assert');
const { test } = require('node:test');

const { OF_OWN_CLIENT } = require('../../support/connection');
const { FEATURES, itemRow } = require('../../support/data');
const { RESET } = require('../../support/engine-proxy');
const { answerWith, breakdown, failure, holdBack } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { ENDLESS, gate, letPass, promised, waitFor } = require('../../support/wait');

const newScene = scenes();

const flag = { key: 'a', version: 1, on: true };
const other = { key: 'b', version: 1, on: true };
const NOTHING = {
  hits: 0,
  misses: 0,
  stale: 0,
  coalesced: 0,
  requests: { GetItem: 0, Query: 0, PutItem: 0, BatchWriteItem: 0 },
  errors: 0,
  throttles: 0,
  items: 0,
  bytes: 0,
  unsaved: 0,
  readUnits: 0,
  writeUnits: 0,
};

/** How reads were answered. */
function answers({ hits, misses, stale, coalesced }) {
  return { hits, misses, stale, coalesced };
}

test('in the beginning nothing has been done', async (t) => {
  const scene = await newScene(t);
  assert.deepStrictEqual(scene.value().stats(), NOTHING);
});

test('each read is a hit, a miss, stale or coalesced', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const store = scene.open({ ...ENDLESS, cacheTTL: 0.2 });
  const reads = { get: () => store.get(FEATURES, 'a'), all: () => store.all(FEATURES) };
  for (const read of Object.values(reads)) {
    await letPass(0.3);
    const before = answers(store.stats());
    const seen = (changes) => {
      const expected = { ...before };
      for (const [name, change] of Object.entries(changes)) expected[name] += change;
      assert.deepStrictEqual(answers(store.stats()), expected);
    };
    const begun = Date.now();
    await Promise.all(Array.from({ length: 10 }, read));
    seen({ misses: 1, coalesced: 9 });
    for (let i = 0; i < 5; i += 1) await read();
    // On a busy machine they may have been too late.
    if (Date.now() - begun < 150) seen({ misses: 1, coalesced: 9, hits: 5 });
  }
  await letPass(0.3);
  scene.proxy.intercept(answerWith(breakdown()));
  const { stale, misses } = store.stats();
  for (const read of Object.values(reads)) {
    for (let i = 0; i < 3; i += 1) await read();
  }
  assert.strictEqual(store.stats().stale, stale + 6);
  assert.strictEqual(store.stats().misses, misses);
});

test('without caching every read is a miss', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  await Promise.all(Array.from({ length: 5 }, () => store.get(FEATURES, 'a')));
  await store.all(FEATURES);
  assert.deepStrictEqual(answers(store.stats()), { hits: 0, misses: 6, stale: 0, coalesced: 0 });
});

test('requests are counted by operation, those sent again included', OF_OWN_CLIENT, async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  const faults = { GetItem: [RESET], PutItem: [breakdown()], BatchWriteItem: [breakdown()] };
  scene.proxy.intercept(({ operation }) => faults[operation]?.shift());
  await store.get(FEATURES, 'a');
  await store.all(FEATURES);
  await store.upsert(FEATURES, flag);
  await store.init({ features: { a: flag, b: other } });
  const { requests, errors, throttles } = store.stats();
  assert.deepStrictEqual(requests, { ...NOTHING.requests, ...scene.proxy.requests });
  assert.ok(Object.values(requests).every((count) => count > 0));
  assert.deepStrictEqual([errors, throttles], [3, 0]);
});

test(
  'errors are counted, and among them what was too much for DynamoDB',
  OF_OWN_CLIENT,
  async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ cacheTTL: 0 });
    const faults = [
      failure(400, 'ProvisionedThroughputExceededException'),
      failure(400, 'ThrottlingException'),
      undefined,
      failure(400, 'AccessDeniedException'),
    ];
    scene.proxy.intercept(() => faults.shift());
    await store.get(FEATURES, 'a');
    assert.deepStrictEqual([store.stats().errors, store.stats().throttles], [2, 2]);
    await store.get(FEATURES, 'a');
    assert.deepStrictEqual([store.stats().errors, store.stats().throttles], [3, 2]);
  }
);

test('an upsert that comes too late is no error', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', { ...flag, version: 5 }));
  const store = scene.open();
  await store.upsert(FEATURES, flag);
  assert.strictEqual(store.stats().errors, 0);
  assert.strictEqual(store.stats().requests.PutItem, 1);
});

test('items and bytes are those that are held, missing and deleted ones included', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const store = scene.open();
  let { items, bytes } = store.stats();
  const more = (moreItems, leastBytes) => {
    const now = store.stats();
    assert.strictEqual(now.items, items + moreItems);
    assert.ok(now.bytes >= bytes + leastBytes, `${now.bytes} bytes after ${bytes}`);
    assert.ok(now.bytes < bytes + leastBytes + 1000, `${now.bytes} bytes after ${bytes}`);
    ({ items, bytes } = now);
  };
  await store.get(FEATURES, 'a');
  more(1, 2 * JSON.stringify(flag).length);
  await store.get(FEATURES, 'missing');
  more(1, 0);
  const large = { key: 'large', version: 1, text: 'x'.repeat(100_000) };
  await store.upsert(FEATURES, large);
  more(1, 2 * JSON.stringify(large).length);
  await store.delete(FEATURES, 'deleted', 1);
  more(1, 0);
  await store.delete(FEATURES, 'large', 2);
  assert.strictEqual(store.stats().items, items);
  assert.ok(store.stats().bytes < bytes - 2 * large.text.length + 1000);
});

test('an item is unsaved until it is in the table', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  const held = gate();
  scene.proxy.intercept(holdBack(held));
  const writes = [store.upsert(FEATURES, flag), store.delete(FEATURES, 'b', 2)];
  assert.strictEqual(store.stats().unsaved, 2);
  const segments = Object.fromEntries(['s', 't', 'u'].map((key) => [key, { key, version: 1 }]));
  writes.push(store.init({ features: {}, segments }));
  // It takes the place of what was to be written before.
  await waitFor(() => store.stats().unsaved === 3, 'the data of the init');
  held.open();
  await Promise.all(writes);
  assert.strictEqual(store.stats().unsaved, 0);
});

/** The capacity units that the engine said it took, of requests of these operations. */
function unitsSaid(scene, ...operations) {
  const reported = scene.proxy.history
    .filter(({ operation }) => operations.includes(operation))
    .flatMap(({ answer }) => answer.body.ConsumedCapacity ?? []);
  return reported.reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
}

test('capacity units are those that the engine says it took', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  await store.upsert(FEATURES, { ...flag, text: 'x'.repeat(5000) });
  await store.init({ features: { a: { ...flag, text: 'y'.repeat(5000) }, b: other } });
  await store.get(FEATURES, 'a');
  await store.get(FEATURES, 'missing');
  await store.all(FEATURES);
  const { readUnits, writeUnits } = store.stats();
  assert.ok(readUnits > 0 && writeUnits > 0);
  assert.strictEqual(readUnits, unitsSaid(scene, 'GetItem', 'Query'));
  assert.strictEqual(writeUnits, unitsSaid(scene, 'PutItem', 'BatchWriteItem'));
});

test('the value and each view count for all views', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const value = scene.value();
  const views = [value(), value({})];
  await promised(views[0]).get(FEATURES, 'a');
  await promised(views[1]).get(FEATURES, 'a');
  await promised(value).get(FEATURES, 'a');
  const stats = value.stats();
  assert.deepStrictEqual(answers(stats), { hits: 2, misses: 1, stale: 0, coalesced: 0 });
  for (const view of views) assert.deepStrictEqual(view.stats(), stats);
  views[0].close();
  await promised(views[1]).get(FEATURES, 'a');
  assert.strictEqual(value.stats().hits, 3);
});

test('after a close the last figures stay', async (t) => {
  const scene = await newScene(t);
  const value = scene.value();
  const view = value();
  await promised(view).upsert(FEATURES, flag);
  await promised(view).get(FEATURES, 'a');
  await promised(view).all(FEATURES);
  const { hits, misses, requests, writeUnits } = value.stats();
  assert.deepStrictEqual(requests, { ...NOTHING.requests, PutItem: 1, Query: 1 });
  view.close();
  for (const store of [view, value]) {
    const after = store.stats();
    assert.deepStrictEqual([after.hits, after.misses], [hits, misses]);
    assert.deepStrictEqual([after.requests, after.writeUnits], [requests, writeUnits]);
  }
});
