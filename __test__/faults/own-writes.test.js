'use strict';

/** A process reads its own writes from then on, whatever is on its way or in the table. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, itemRow } = require('../support/data');
const { breakdown, holdBack } = require('../support/faults');
const { scenes } = require('../support/scene');
const { becomes, gate, letPass, waitFor } = require('../support/wait');

const newScene = scenes();
const v = (key, version) => ({ key, version });

/** Holds the first read of an init back, but no other read. */
const holdInitBack =
  ({ opened }) =>
  ({ operation, body }) =>
    operation === 'Query' && body.ConsistentRead ? opened : undefined;

/** Keeps this thread busy, so that answers pile up which were true when they were given. */
function block(milliseconds) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end);
}

for (const cacheTTL of [0, 0.01, 60]) {
  test(`what an init leaves out is gone before it has read the table, TTL ${cacheTTL}`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', v('gone', 1)));
    const store = scene.open({ cacheTTL });
    assert.deepStrictEqual(await store.get(FEATURES, 'gone'), v('gone', 1));
    const reading = gate();
    scene.proxy.intercept(holdInitBack(reading));
    const init = store.init({ features: { kept: v('kept', 1) } });
    await waitFor(() => store.get(FEATURES, 'kept'), 'the init to be known');
    await letPass(0.05);
    assert.strictEqual(await store.get(FEATURES, 'gone'), null);
    assert.deepStrictEqual(await store.all(FEATURES), { kept: v('kept', 1) });
    reading.open();
    await init;
    assert.strictEqual(await store.get(FEATURES, 'gone'), null);
  });

  test(`an update before an init does not come back after it, TTL ${cacheTTL}`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ cacheTTL });
    const [putting, reading] = [gate(), gate()];
    scene.proxy.intercept(holdBack(putting, 'PutItem'), holdInitBack(reading));
    const upsert = store.upsert(FEATURES, v('gone', 1));
    await waitFor(() => scene.proxy.history.length > 0, 'the request');
    const init = store.init({ features: { kept: v('kept', 1) } });
    await waitFor(() => store.get(FEATURES, 'kept'), 'the init to be known');
    putting.open();
    await upsert;
    assert.strictEqual(await store.get(FEATURES, 'gone'), null);
    assert.deepStrictEqual(await store.all(FEATURES), { kept: v('kept', 1) });
    reading.open();
    await init;
    assert.strictEqual(await store.get(FEATURES, 'gone'), null);
  });
}

test('what an init leaves out stays gone when it could not read the table and waits', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', v('gone', 1)));
  const store = scene.open({ cacheTTL: 0, writeTimeout: 0.5 });
  const cutOff = ({ operation, body }) =>
    operation === 'Query' && body.ConsistentRead ? breakdown() : undefined;
  scene.proxy.intercept(cutOff);
  await store.init({ features: { kept: v('kept', 1) } });
  assert.strictEqual(store.stats().unsaved, 1);
  assert.strictEqual(await store.get(FEATURES, 'gone'), null);
  assert.deepStrictEqual(await store.all(FEATURES), { kept: v('kept', 1) });
  scene.proxy.reset();
  await becomes(() => scene.row('features', 'gone'), undefined);
  await waitFor(() => store.stats().unsaved === 0, 'the init to be in the table');
});

for (const [what, write, expected] of [
  ['an update', (store) => store.upsert(FEATURES, v('a', 2)), v('a', 2)],
  ['a delete', (store) => store.delete(FEATURES, 'a', 2), null],
]) {
  test(`an answer of all items that comes after ${what} does not hide it`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ cacheTTL: 60 });
    await store.init({ features: { a: v('a', 1), b: v('b', 1) } });
    const putting = gate();
    scene.proxy.intercept(holdBack(putting, 'PutItem'));
    const all = store.all(FEATURES);
    block(50);
    const written = write(store);
    await all;
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), expected);
    putting.open();
    await written;
  });
}

test('an update that a late init writes, and a read finds, is not hidden by that init', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 60, writeTimeout: 0.5 });
  scene.proxy.intercept(() => breakdown());
  await store.init({ features: { a: v('a', 1), b: v('b', 1) } });
  await store.upsert(FEATURES, v('a', 2));
  const ending = gate();
  const holdMarkerBack = ({ operation, body }) =>
    operation === 'BatchWriteItem' && JSON.stringify(body).includes('$inited')
      ? ending.opened
      : undefined;
  scene.proxy.intercept(holdMarkerBack);
  await waitFor(async () => (await scene.item('features', 'a'))?.version === 2, 'the update');
  await waitFor(async () => {
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), v('a', 2));
    const { 'features/a': seen } = readsOf(scene);
    return seen;
  }, 'a read of the row');
  ending.open();
  await waitFor(() => store.stats().unsaved === 0, 'all to be in the table');
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), v('a', 2));
  assert.deepStrictEqual(await store.all(FEATURES), { a: v('a', 2), b: v('b', 1) });
});

/** The rows that single reads have found, by namespace and key. */
function readsOf(scene) {
  const reads = scene.proxy.history.filter(
    ({ operation, answer }) => operation === 'GetItem' && answer?.body.Item?.item
  );
  const name = ({ namespace, key }) => `${namespace.S}/${key.S}`;
  return Object.fromEntries(reads.map(({ answer }) => [name(answer.body.Item), true]));
}
