'use strict';

/** Reads that have nothing older to be answered with, while requests fail or overtake one another. */

const assert = require('node:assert');
const { test } = require('node:test');

const { sdkNamed, startClient } = require('../support/sdks');
const { FEATURES, itemRow } = require('../support/data');
const { ENDLESS } = require('../support/wait');
const { faultScenes } = require('./scene');

const newScene = faultScenes();
const READS = 1000;
const AT_ONCE = 10;

const flag = (key, version) => ({
  key,
  version,
  on: true,
  fallthrough: { variation: 0 },
  variations: [key],
  rules: [],
  targets: [],
});
const KEYS = Array.from({ length: 100 }, (_, i) => `flag-${i}`);

/** A scene with 100 flags, behind these faults. */
async function sceneBehind(t, rules) {
  const scene = await newScene(t);
  await scene.put(...KEYS.map((key) => itemRow('features', flag(key, 1))), {
    namespace: { S: '$inited' },
    key: { S: '$inited' },
  });
  await scene.proxy.set(rules);
  return scene;
}

/** Reads 1,000 times, ten at a time. */
async function manyReads(read) {
  const answers = [];
  for (let next = 0; next < READS; next += AT_ONCE) {
    const keys = Array.from({ length: AT_ONCE }, (_, i) => KEYS[(next + i) % KEYS.length]);
    const values = await Promise.all(keys.map(read));
    answers.push(...values.map((value, i) => [keys[i], value]));
  }
  return answers;
}

for (const [what, rule] of [
  ['half of all requests are throttled', { fault: 'throttle', rate: 0.5 }],
  ['every fifth request is throttled', { fault: 'throttle', rate: 0.2 }],
  ['every fifth connection is reset', { fault: 'reset', rate: 0.2 }],
  ['every fifth answer is an error', { fault: 'breakdown', rate: 0.2 }],
]) {
  test(`every read is answered though ${what}`, async (t) => {
    const scene = await sceneBehind(t, [rule]);
    const store = scene.open({ cacheTTL: 0 });
    const answers = await manyReads((key) => store.get(FEATURES, key));
    const wrong = answers.filter(([key, item]) => !item || item.key !== key);
    assert.deepStrictEqual(wrong, []);
    assert.strictEqual(Object.keys(await store.all(FEATURES)).length, KEYS.length);
    assert.deepStrictEqual(scene.logger.lines, []);
  });

  test(`SDK 9 evaluates every flag though ${what}`, async (t) => {
    const scene = await sceneBehind(t, [rule]);
    const sdk = sdkNamed('node-server-sdk-9');
    const client = startClient(sdk, 'an SDK key', scene.value({ cacheTTL: 0 }), {
      useLdd: true,
      sendEvents: false,
      logger: scene.logger,
    });
    t.after(() => client.close());
    const context = { kind: 'user', key: 'somebody' };
    const answers = await manyReads((key) => client.variation(key, context, 'the default'));
    const wrong = answers.filter(([key, value]) => value !== key);
    assert.deepStrictEqual(wrong, []);
  });
}

test('maxAttempts caps how often a read is sent', async (t) => {
  const scene = await sceneBehind(t, [{ fault: 'throttle' }]);
  for (const [clientOptions, attempts] of [
    [{ maxAttempts: 2 }, 2],
    [{ maxRetries: 4 }, 5],
  ]) {
    await scene.proxy.reset();
    await scene.proxy.set([{ fault: 'throttle' }]);
    assert.strictEqual(await scene.open({ clientOptions }).get(FEATURES, 'flag-0'), null);
    assert.strictEqual((await scene.proxy.counts()).GetItem, attempts);
  }
});

test('a flag that another process adds is found by the first read of it', async (t) => {
  for (const cacheTTL of [30, Infinity]) {
    for (const know of [
      (store) => store.all(FEATURES),
      (store) => store.init({ features: { old: flag('old', 1) } }),
    ]) {
      const scene = await newScene(t);
      const store = scene.open({ cacheTTL, ...ENDLESS });
      await know(store);
      const before = (await scene.proxy.counts()).GetItem || 0;
      const others = Array.from({ length: 5 }, (_, i) => `nobody-has-${i}`);
      for (let i = 0; i < 20; i += 1) {
        for (const key of others) assert.strictEqual(await store.get(FEATURES, key), null);
      }
      assert.strictEqual((await scene.proxy.counts()).GetItem - before, others.length);
      await scene.put(itemRow('features', flag('new', 1)));
      assert.strictEqual((await store.get(FEATURES, 'new')).version, 1);
    }
  }
});
