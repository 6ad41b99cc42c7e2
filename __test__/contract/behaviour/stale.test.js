'use strict';

/** What is past its time: when it is answered with, and when not. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, itemRow, markerRow } = require('../../support/data');
const { answerWith, breakdown, failure, holdBack } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { BRIEF, ENDLESS, gate, letPass, waitFor } = require('../../support/wait');

const newScene = scenes();

/** So short that everything soon is past its time, in seconds. */
const SHORT = 0.05;
const flag = { key: 'a', version: 1, on: true };
const newer = { key: 'a', version: 2, on: false };

/** Ways to read the flag, and what they ask DynamoDB for. */
const READS = {
  get: [(store) => store.get(FEATURES, 'a'), 'GetItem'],
  all: [async (store) => (await store.all(FEATURES))?.a ?? null, 'Query'],
};

/** A store that holds a flag which is past its time, and of which there is a newer version. */
async function withStaleFlag(t, read, options = {}) {
  const { cacheTTL = SHORT } = options;
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const store = scene.open({ ...ENDLESS, cacheTTL: SHORT, ...options });
  assert.deepStrictEqual(await read(store), flag);
  await scene.put(itemRow('features', newer));
  await letPass(Number.isFinite(cacheTTL) ? 2 * cacheTTL : 2 * SHORT);
  scene.proxy.reset();
  return { scene, store };
}

for (const [reading, [read, operation]] of Object.entries(READS)) {
  test(`the first failure has ${reading} answer with what is held`, async (t) => {
    const { scene, store } = await withStaleFlag(t, read);
    scene.proxy.intercept(answerWith(breakdown()));
    assert.deepStrictEqual(await read(store), flag);
    assert.deepStrictEqual(scene.proxy.requests, { [operation]: 1 });
  });

  test(`${reading} gives the newer version soon after a failure`, async (t) => {
    // So long that on a busy machine nothing expires, and is read once more, before the test looks.
    const { scene, store } = await withStaleFlag(t, read, { cacheTTL: 2 });
    scene.proxy.intercept(({ call }) => (call === 1 ? breakdown() : undefined));
    assert.deepStrictEqual(await read(store), flag);
    const isNewer = async () => (await read(store)).version === 2;
    await waitFor(isNewer, 'the newer version');
    assert.deepStrictEqual(scene.proxy.requests, { [operation]: 2 });
    assert.deepStrictEqual(scene.logger.lines, []);
  });

  test(`with a staleIfError of 0 ${reading} gives null when DynamoDB fails`, async (t) => {
    const { scene, store } = await withStaleFlag(t, read, { staleIfError: 0, ...BRIEF });
    scene.proxy.intercept(answerWith(breakdown()));
    assert.strictEqual(await read(store), null);
    assert.strictEqual(scene.logger.linesWith('features', 'failed').length, 1);
    scene.proxy.reset();
    assert.deepStrictEqual(await read(store), newer);
  });

  test(`${reading} gives null once staleIfError has run out`, async (t) => {
    const begun = Date.now();
    const { scene, store } = await withStaleFlag(t, read, { staleIfError: 2, ...BRIEF });
    scene.proxy.intercept(answerWith(breakdown()));
    const first = await read(store);
    // On a busy machine it may have run out already.
    if (Date.now() - begun < 2000) assert.deepStrictEqual(first, flag);
    await waitFor(async () => (await read(store)) === null, 'null');
    scene.proxy.reset();
    assert.deepStrictEqual(await read(store), newer);
  });

  test(`with staleWhileRevalidate ${reading} answers at once and reads behind it`, async (t) => {
    const { scene, store } = await withStaleFlag(t, read, { staleWhileRevalidate: 600 });
    const held = gate();
    scene.proxy.intercept(holdBack(held));
    for (let i = 0; i < 5; i += 1) assert.deepStrictEqual(await read(store), flag);
    await waitFor(() => scene.proxy.history.length > 0, 'the request');
    assert.deepStrictEqual(await read(store), flag);
    assert.deepStrictEqual(scene.proxy.requests, { [operation]: 1 });
    held.open();
    await waitFor(async () => (await read(store)).version === 2, 'the newer version');
  });

  test(`past staleWhileRevalidate ${reading} waits for the newer version`, async (t) => {
    const { store } = await withStaleFlag(t, read, { staleWhileRevalidate: SHORT / 5 });
    assert.deepStrictEqual(await read(store), newer);
    assert.strictEqual(store.stats().stale, 0);
  });

  test(`with an infinite cacheTTL ${reading} never asks again`, async (t) => {
    const { scene, store } = await withStaleFlag(t, read, { cacheTTL: Infinity });
    scene.proxy.intercept(answerWith(breakdown()));
    for (let i = 0; i < 5; i += 1) assert.deepStrictEqual(await read(store), flag);
    assert.deepStrictEqual(scene.proxy.requests, {});
  });
}

test('that a flag is missing is answered at once while DynamoDB fails', async (t) => {
  const { scene, store } = await withStaleFlag(t, (s) => s.get(FEATURES, 'a'));
  assert.strictEqual(await store.get(FEATURES, 'missing'), null);
  await letPass(2 * SHORT);
  scene.proxy.intercept(answerWith(breakdown()));
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
  const { errors } = store.stats();
  assert.strictEqual(await store.get(FEATURES, 'missing'), null);
  // One who has nothing to answer with would try several times.
  assert.ok(store.stats().errors <= errors + 1);
});

test('a failed check whether the store is initialized is not remembered', async (t) => {
  const scene = await newScene(t);
  await scene.put(markerRow());
  const store = scene.open(BRIEF);
  scene.proxy.intercept(answerWith(breakdown()));
  for (let i = 0; i < 2; i += 1) assert.strictEqual(await store.initialized(), false);
  scene.proxy.reset();
  assert.strictEqual(await store.initialized(), true);
});

/** Counts how many requests are under way at the same time. */
function countParallel(answer) {
  const parallel = { now: 0, most: 0 };
  const interceptor = async () => {
    parallel.now += 1;
    parallel.most = Math.max(parallel.most, parallel.now);
    await letPass(0.02);
    parallel.now -= 1;
    return answer;
  };
  return { parallel, interceptor };
}

for (const [what, answer] of Object.entries({
  'breaks down': breakdown(),
  throttles: failure(400, 'ProvisionedThroughputExceededException'),
  'denies access': failure(400, 'AccessDeniedException'),
})) {
  test(`while DynamoDB ${what}, many reads make few requests, one at a time`, async (t) => {
    const scene = await newScene(t);
    const keys = Array.from({ length: 20 }, (_, i) => `flag-${i}`);
    await scene.put(...keys.map((key) => itemRow('features', { key, version: 1 })));
    const store = scene.open({ ...ENDLESS, cacheTTL: SHORT });
    const readAll = () => Promise.all(keys.map((key) => store.get(FEATURES, key)));
    await readAll();
    await letPass(2 * SHORT);
    scene.proxy.reset();
    const { parallel, interceptor } = countParallel(answer);
    scene.proxy.intercept(interceptor);
    // Somebody has to find out.
    await store.get(FEATURES, keys[0]);
    let reads = 0;
    const requests = () => scene.proxy.count('GetItem');
    await waitFor(async () => {
      const items = await readAll();
      assert.ok(items.every((item) => item?.version === 1));
      reads += items.length;
      // On a busy machine each round may take as long as the pause between two requests, at first.
      return requests() >= 5 && reads > 20 * requests();
    }, 'many more reads than requests');
    assert.strictEqual(parallel.most, 1);
    const errors = scene.logger.lines.filter(({ level }) => level === 'error');
    assert.strictEqual(errors.length, 1);
  });
}
