'use strict';

/** What one process reads of a flag never goes back to an older version. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, itemRow } = require('../../support/data');
const { answerWith, breakdown, failure, randomNumbers } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { gate } = require('../../support/wait');

const newScene = scenes();
/** How many updates; more with the variable UPDATES. */
const UPDATES = Number(process.env.UPDATES) || 500;
const padding = 'x'.repeat(500);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Reads the flag over and over while it is updated, over a network on which a request takes some time to
 * get there, so that one overtakes the other, and a read is answered as the table was a few milliseconds
 * before.
 */
async function versionsRead(t, options, read) {
  const scene = await newScene(t);
  await scene.put(itemRow('features', { key: 'a', version: 1 }));
  const random = randomNumbers(1);
  scene.proxy.intercept(async ({ operation }, forward) => {
    await pause(10 * random());
    const answer = await forward();
    if (operation !== 'PutItem') await pause(15 * random());
    return answer;
  });
  const store = scene.open(options);
  const versions = [];
  const reads = [];
  for (let version = 2; version < UPDATES + 2; version += 1) {
    reads.push(read(store).then((item) => versions.push(item.version)));
    const update = store.upsert(FEATURES, { key: 'a', version });
    reads.push(read(store).then((item) => versions.push(item.version)));
    if (version % 3 === 0) await update;
    else if (version % 3 === 1) await pause(1);
  }
  await Promise.all(reads);
  return versions;
}

for (const [what, options] of [
  ['without caching', { cacheTTL: 0 }],
  ['with strongly consistent reads', { cacheTTL: 0, consistentRead: true }],
  ['with a short cacheTTL', { cacheTTL: 0.002 }],
  ['with reads slower than staleIfSlow', { cacheTTL: 0.002, staleIfSlow: 0.01 }],
]) {
  for (const [method, read] of [
    ['get', (store) => store.get(FEATURES, 'a')],
    ['all', async (store) => (await store.all(FEATURES)).a],
  ]) {
    test(`${method} gives no older version than before, ${what}`, async (t) => {
      const versions = await versionsRead(t, options, read);
      const back = versions.findIndex((version, i) => i > 0 && version < versions[i - 1]);
      assert.deepStrictEqual(versions.slice(back - 1, back + 1), back < 0 ? [] : undefined);
    });
  }
}

test('all of many items has what was read of one of them while it came in parts', async (t) => {
  const scene = await newScene(t);
  const data = {};
  for (let i = 0; i < 5_000; i += 1) data[`flag-${i}`] = { key: `flag-${i}`, version: 1, padding };
  const store = scene.open({ cacheTTL: 0 });
  await store.init({ features: data, segments: {} });
  let version = 1;
  for (let round = 0; round < 4; round += 1) {
    let read = 0;
    let answered;
    const all = store.all(FEATURES).then((items) => {
      answered = { read, inAll: items['flag-0'].version };
    });
    while (answered === undefined) {
      version += 1;
      await store.upsert(FEATURES, { key: 'flag-0', version });
      const item = await store.get(FEATURES, 'flag-0');
      if (answered === undefined) read = item.version;
    }
    await all;
    assert.ok(answered.inAll >= answered.read, JSON.stringify(answered));
  }
});

/**
 * Holds up the next request of this operation: before it gets to the engine, or its answer.
 *
 * @returns {{arrived: Promise<void>, release: () => void}}
 */
function holdUp(scene, operation, what) {
  const [arrival, way] = [gate(), gate()];
  let waiting = true;
  scene.proxy.intercept(async (request, forward) => {
    if (request.operation !== operation || !waiting) return undefined;
    waiting = false;
    if (what === 'request') {
      arrival.open();
      await way.opened;
      return forward();
    }
    const answer = await forward();
    arrival.open();
    await way.opened;
    return answer;
  });
  return { arrived: arrival.opened, release: way.open };
}

const versionOf = (item) => (item ? item.version : null);
const row = (key, version) => itemRow('features', { key, version });

test('all has what a get found that was under way when all was called', async (t) => {
  const scene = await newScene(t);
  await scene.put(row('a', 1));
  const store = scene.open();
  const held = holdUp(scene, 'GetItem', 'request');
  const first = store.get(FEATURES, 'a');
  await held.arrived;
  assert.strictEqual(versionOf((await store.all(FEATURES)).a), 1);
  await scene.put(row('a', 2));
  held.release();
  assert.strictEqual(versionOf(await first), 2);
  assert.strictEqual(versionOf((await store.all(FEATURES)).a), 2);
  assert.strictEqual(versionOf(await store.get(FEATURES, 'a')), 2);
});

test('all has a flag that get has found since, while Query fails too', async (t) => {
  const scene = await newScene(t);
  await scene.put(row('a', 1));
  const store = scene.open();
  const held = holdUp(scene, 'GetItem', 'request');
  const first = store.get(FEATURES, 'b');
  await held.arrived;
  assert.deepStrictEqual(Object.keys(await store.all(FEATURES)), ['a']);
  await scene.put(row('b', 1));
  await scene.put(row('c', 1));
  held.release();
  assert.strictEqual(versionOf(await first), 1);
  assert.strictEqual(versionOf(await store.get(FEATURES, 'c')), 1);
  scene.proxy.intercept(answerWith(breakdown(), 'Query'));
  assert.deepStrictEqual(Object.keys(await store.all(FEATURES)).sort(), ['a', 'b', 'c']);
});

test('all follows a Query that was sent first and answered last', async (t) => {
  const scene = await newScene(t);
  await scene.put(row('a', 1));
  const store = scene.open();
  const held = holdUp(scene, 'Query', 'request');
  const first = store.all(FEATURES);
  await held.arrived;
  await store.upsert(FEATURES, { key: 'x', version: 1 });
  assert.strictEqual(versionOf((await store.all(FEATURES)).a), 1);
  await scene.put(row('a', 2));
  held.release();
  assert.strictEqual(versionOf((await first).a), 2);
  assert.strictEqual(versionOf((await store.all(FEATURES)).a), 2);
  await store.upsert(FEATURES, { key: 'y', version: 1 });
  assert.strictEqual(versionOf((await store.all(FEATURES)).a), 2);
  assert.strictEqual(versionOf(await store.get(FEATURES, 'a')), 2);
});

test('all does not go back to what it was before an update was refused', async (t) => {
  const scene = await newScene(t);
  await scene.put(row('a', 1));
  const store = scene.open({ cacheTTL: 0.001 });
  await store.all(FEATURES);
  await pause(2);
  const held = holdUp(scene, 'Query', 'request');
  const second = store.all(FEATURES);
  await held.arrived;
  scene.proxy.intercept(answerWith(failure(400, 'AccessDeniedException'), 'PutItem'));
  await store.upsert(FEATURES, { key: 'b', version: 1 });
  await scene.put(row('a', 2));
  held.release();
  const versions = [versionOf((await second).a)];
  scene.proxy.intercept(answerWith(breakdown(), 'Query', 'GetItem'));
  for (let i = 0; i < 3; i += 1) versions.push(versionOf((await store.all(FEATURES)).a));
  // The second may have been answered with what was known, where the engine was slow.
  assert.deepStrictEqual(
    versions,
    [...versions].sort((a, b) => a - b)
  );
  assert.strictEqual(versionOf(await store.get(FEATURES, 'a')), versions[3]);
});

test('an older update under way does not hide what was read, when a read fails', async (t) => {
  const scene = await newScene(t);
  await scene.put(row('a', 5));
  const store = scene.open({ cacheTTL: 0 });
  assert.strictEqual(versionOf(await store.get(FEATURES, 'a')), 5);
  const held = holdUp(scene, 'PutItem', 'request');
  const update = store.upsert(FEATURES, { key: 'a', version: 3 });
  await held.arrived;
  assert.strictEqual(versionOf(await store.get(FEATURES, 'a')), 5);
  scene.proxy.intercept(answerWith(breakdown(), 'GetItem'));
  assert.strictEqual(versionOf(await store.get(FEATURES, 'a')), 5);
  held.release();
  await update;
});

test('all is no older than what a get found before it was answered', async (t) => {
  const scene = await newScene(t);
  await scene.put(row('a', 1));
  const store = scene.open();
  const held = holdUp(scene, 'Query', 'answer');
  const all = store.all(FEATURES);
  await held.arrived;
  await scene.put(row('a', 2));
  assert.strictEqual(versionOf(await store.get(FEATURES, 'a')), 2);
  held.release();
  assert.strictEqual(versionOf((await all).a), 2);
  assert.strictEqual(versionOf(await store.get(FEATURES, 'a')), 2);
});

test('a get that waited in vain returns what all has read meanwhile', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0.001, readTimeout: 1 });
  const held = holdUp(scene, 'GetItem', 'request');
  const first = store.get(FEATURES, 'a');
  await held.arrived;
  scene.proxy.intercept(answerWith(breakdown(), 'GetItem'));
  await scene.put(row('a', 1));
  assert.strictEqual(versionOf((await store.all(FEATURES)).a), 1);
  assert.strictEqual(versionOf(await first), 1);
  assert.strictEqual(versionOf(await store.get(FEATURES, 'a')), 1);
  held.release();
});
