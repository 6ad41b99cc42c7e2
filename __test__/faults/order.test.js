'use strict';

/** In which order others see what is written. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, SEGMENTS, flagReferringTo, itemRow } = require('../support/data');
const { allSaved, byKey, faultScenes, itemsInTable } = require('./scene');
const { watch } = require('./watch');

const newScene = faultScenes();
const PAIRS = 1000;
const v = (key, version, more = {}) => ({ key, version, ...more });

for (const [what, rules] of Object.entries({
  'while all goes well': [],
  'while much is throttled': [{ fault: 'throttle', rate: 0.2 }],
  'while answers are lost': [{ fault: 'lost', rate: 0.05 }],
})) {
  test(`no flag is seen before its new segment, ${what}`, async (t) => {
    const scene = await newScene(t);
    await scene.proxy.set(rules);
    const store = scene.open({ writeTimeout: 5 });
    const ended = watch(scene);
    const writes = [];
    for (let i = 0; i < PAIRS; i += 1) {
      writes.push(store.upsert(SEGMENTS, v(`segment-${i}`, 1)));
      const flag = flagReferringTo(`flag-${i}`, { segments: [`segment-${i}`] });
      writes.push(store.upsert(FEATURES, flag));
    }
    await Promise.all(writes);
    await allSaved(store);
    const { looks, faults } = await ended();
    assert.ok(looks > 1, 'somebody looked');
    assert.deepStrictEqual(faults, []);
    assert.strictEqual((await scene.rows()).length, 2 * PAIRS);
  });
}

test('updates of one flag end with the last one, whatever happens to the first ones', async (t) => {
  const scene = await newScene(t);
  await scene.proxy.set([
    { fault: 'lost', rate: 0.2 },
    { fault: 'throttle', rate: 0.3 },
  ]);
  const store = scene.open({ writeTimeout: 0.5 });
  const versions = Array.from({ length: 50 }, (_, i) => i + 1);
  await Promise.all(versions.map((version) => store.upsert(FEATURES, v('a', version))));
  assert.strictEqual((await store.get(FEATURES, 'a')).version, 50);
  await allSaved(store);
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), { a: v('a', 50) });
});

test('an item over the size is used by who received it, and keeps no other out', async (t) => {
  const scene = await newScene(t);
  const old = v('big-7', 1);
  await scene.put(itemRow('features', old));
  const store = scene.open({ cacheTTL: 0 });
  const flags = Array.from({ length: 99 }, (_, i) => v(`flag-${i}`, 1));
  const big = v('big-7', 2, { text: 'x'.repeat(410_000) });
  const nearly = v('nearly', 2, { text: 'x'.repeat(350_000) });
  await store.init({ features: byKey(...flags, big, nearly) });
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), byKey(...flags, nearly, old));
  assert.ok(await scene.row('$inited', '$inited'));
  const [error, ...errors] = scene.logger.linesWith('big-7');
  assert.deepStrictEqual([error.level, errors], ['error', []]);
  for (const part of ['features', String(410_000).slice(0, 3)]) {
    assert.ok(error.message.includes(part), error.message);
  }
  assert.deepStrictEqual(
    scene.logger.linesWith('nearly').map(({ level }) => level),
    ['warn']
  );
  assert.strictEqual(scene.logger.lines.length, 2);
  assert.deepStrictEqual(await store.get(FEATURES, 'big-7'), big);
  assert.deepStrictEqual(await store.all(FEATURES), byKey(...flags, nearly, big));

  const bigger = { ...big, key: 'flag-1', version: 2 };
  await Promise.all([store.upsert(FEATURES, bigger), store.upsert(FEATURES, v('flag-2', 2))]);
  assert.deepStrictEqual(await store.get(FEATURES, 'flag-1'), bigger);
  const inTable = await itemsInTable(scene, 'features');
  assert.deepStrictEqual([inTable['flag-1'].version, inTable['flag-2'].version], [1, 2]);
});
