'use strict';

/** What reads give while DynamoDB is away, and once it is back. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, itemRow } = require('../../support/data');
const { hang, holdBack } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { ENDLESS, IMPATIENT, gate, letPass, promised, waitFor } = require('../../support/wait');

const newScene = scenes();

const KEYS = ['a', 'b', 'c'];
const flag = (key, version) => ({ key, version, on: true });
const rows = (version) => KEYS.map((key) => itemRow('features', flag(key, version)));
const flags = (version) => Object.fromEntries(KEYS.map((key) => [key, flag(key, version)]));

const READS = {
  get: (store) => store.get(FEATURES, 'a'),
  all: async (store) => (await store.all(FEATURES)).a,
};

const OUTAGES = {
  'refuses connections': {
    begin: (scene) => scene.proxy.leave(),
    end: (scene) => scene.proxy.comeBack(),
  },
  'never answers': {
    begin: (scene) => scene.proxy.intercept(hang()),
    end: (scene) => scene.proxy.intercept(),
  },
};

/** How often the steady reader reads, in milliseconds. */
const EVERY_MS = 20;
/** Reads of an outage that is as long as it takes. */
const MANY_READS = 100;
/** The longest outage of these tests, in seconds. */
const LONG_OUTAGE = 6;

/** Reads a few flags and all of them again and again, whatever becomes of the reads before. */
function readSteadily(value) {
  const reads = { begun: 0, ended: 0, empty: 0 };
  const count = (result) => {
    reads.ended += 1;
    if (result === null || Object.keys(result).length === 0) reads.empty += 1;
  };
  const timer = setInterval(() => {
    reads.begun += KEYS.length + 1;
    for (const key of KEYS) value.get(FEATURES, key, count);
    value.all(FEATURES, count);
  }, EVERY_MS);
  const stop = async () => {
    clearInterval(timer);
    await waitFor(() => reads.ended === reads.begun, 'the last answers');
  };
  return { reads, stop };
}

/**
 * Reads steadily through an outage.
 *
 * @param {any} t
 * @param {(typeof OUTAGES)[keyof typeof OUTAGES]} outage
 * @param {(scene: any, reads: {ended: number}, value: any) => Promise<void>} lasting waits until it
 *   has lasted long enough
 */
async function outlive(t, outage, lasting) {
  const scene = await newScene(t);
  await scene.put(...rows(1));
  // Half of it ends an attempt: soon enough for one that hangs, and no sooner than a busy machine answers.
  const value = scene.value({ cacheTTL: 1, readTimeout: 10 });
  const store = promised(value);
  await waitFor(() => store.all(FEATURES), 'all flags');
  for (const key of KEYS) await waitFor(() => store.get(FEATURES, key), 'a flag');
  const logged = scene.logger.lines.length;
  const steady = readSteadily(value);
  t.after(steady.stop);

  await outage.begin(scene);
  await scene.put(...rows(2));
  await lasting(scene, steady.reads, value);
  await outage.end(scene);
  const isNewest = async () => {
    const items = await Promise.all(KEYS.map((key) => store.get(FEATURES, key)));
    const versions = [...items, ...Object.values(await store.all(FEATURES))];
    return versions.every(({ version }) => version === 2);
  };
  await waitFor(isNewest, 'the newest versions');
  await steady.stop();

  assert.strictEqual(steady.reads.empty, 0);
  assert.deepStrictEqual(await store.all(FEATURES), flags(2));
  const lines = scene.logger.lines.slice(logged);
  const levels = lines.map(({ level }) => level);
  assert.deepStrictEqual(levels, ['error', 'warn'], JSON.stringify(lines));
  assert.ok(lines[0].message.includes('Last known values are used meanwhile'), lines[0].message);
  assert.ok(lines[1].message.includes('reading works again'), lines[1].message);
}

test('no read comes back empty in a long outage, in which DynamoDB refuses connections', (t) =>
  outlive(t, OUTAGES['refuses connections'], () => letPass(LONG_OUTAGE)));

test('no read comes back empty in an outage in which DynamoDB never answers', (t) =>
  outlive(t, OUTAGES['never answers'], async (scene, reads, value) => {
    await waitFor(() => scene.logger.linesWith('Last known values').length > 0, 'the error');
    // What was sent before anybody knew would fail one by one, even when DynamoDB is back.
    const sent = scene.proxy.history.filter(({ answered }) => answered === undefined).length;
    const { ended } = reads;
    await waitFor(() => reads.ended - ended > MANY_READS, 'many reads');
    await waitFor(() => value.stats().errors >= sent, 'the requests to fail');
  }));

for (const [what, outage] of Object.entries(OUTAGES)) {
  test(`a flag never seen before is null while DynamoDB ${what}, then comes`, async (t) => {
    const scene = await newScene(t);
    await scene.put(...rows(1));
    const store = scene.open(IMPATIENT);
    await outage.begin(scene);
    assert.strictEqual(await store.get(FEATURES, 'a'), null);
    assert.strictEqual(await store.all(FEATURES), null);
    assert.strictEqual(scene.logger.lines.filter(({ level }) => level === 'error').length, 2);
    assert.strictEqual(scene.logger.linesWith('failed', scene.table).length, 2);
    await outage.end(scene);
    await waitFor(() => store.get(FEATURES, 'a'), 'the flag');
    assert.deepStrictEqual(await waitFor(() => store.all(FEATURES), 'all'), flags(1));
    assert.ok(scene.logger.linesWith('reading works again').length > 0);
  });
}

for (const [reading, read] of Object.entries(READS)) {
  test(`${reading} does not wait for a slow DynamoDB when it holds something`, async (t) => {
    const scene = await newScene(t);
    await scene.put(...rows(1));
    const { readTimeout } = ENDLESS;
    const store = scene.open({ readTimeout, cacheTTL: 0.05 });
    await read(store);
    await letPass(0.1);
    await scene.put(...rows(2));
    scene.proxy.reset();
    const held = gate();
    scene.proxy.intercept(holdBack(held));
    assert.strictEqual((await read(store)).version, 1);
    assert.strictEqual((await read(store)).version, 1);
    await waitFor(() => scene.proxy.history.length > 0, 'the request');
    assert.strictEqual(scene.proxy.history.length, 1);
    assert.strictEqual(scene.proxy.history[0].answered, undefined);
    held.open();
    await waitFor(async () => (await read(store)).version === 2, 'the newer version');
    assert.deepStrictEqual(scene.logger.lines, []);
  });

  test(`${reading} waits for a slow DynamoDB for as long as staleIfSlow says`, async (t) => {
    const scene = await newScene(t);
    await scene.put(...rows(1));
    const store = scene.open({ ...ENDLESS, cacheTTL: 0.05 });
    await read(store);
    await letPass(0.1);
    await scene.put(...rows(2));
    const held = gate();
    scene.proxy.intercept(holdBack(held));
    const newest = read(store);
    // Longer than it waits by default.
    await letPass(0.5);
    held.open();
    assert.strictEqual((await newest).version, 2);
    assert.strictEqual(store.stats().stale, 0);
  });

  test(`${reading} waits for nothing with a staleIfSlow of 0`, async (t) => {
    const scene = await newScene(t);
    await scene.put(...rows(1));
    const store = scene.open({ ...ENDLESS, staleIfSlow: 0, cacheTTL: 0.05 });
    await read(store);
    await letPass(0.1);
    await scene.put(...rows(2));
    const held = gate();
    scene.proxy.intercept(holdBack(held));
    assert.strictEqual((await read(store)).version, 1);
    held.open();
    await waitFor(async () => (await read(store)).version === 2, 'the newer version');
  });
}
