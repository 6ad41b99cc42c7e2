'use strict';

/** A large data set leaves the event loop its turns, and updates their order. */

const assert = require('node:assert');
const { test } = require('node:test');

const { childResult } = require('../../support/child');
const { FEATURES, SEGMENTS, itemRow } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { PATIENT, answered, promised } = require('../../support/wait');

const newScene = scenes();

const FLAGS = 10_000;
const text = 'x'.repeat(250);
const flags = Object.fromEntries(
  Array.from({ length: FLAGS }, (_, i) => [`flag-${i}`, { key: `flag-${i}`, version: 1, text }])
);

/** Has another process work with all flags. */
function elsewhere(scene, method, data) {
  const options = { ...PATIENT, cacheTTL: 0, clientOptions: { endpoint: scene.engine } };
  return childResult('turns.js', { table: scene.table, options, method, data });
}

test('other callbacks get their turns while a large data set is written and read', async (t) => {
  const scene = await newScene(t);
  const written = await elsewhere(scene, 'init', { flags: FLAGS, text });
  assert.ok(written.all > FLAGS * text.length, JSON.stringify(written));
  assert.ok(written.turns > 1, JSON.stringify(written));
  const read = await elsewhere(scene, 'all');
  assert.strictEqual(read.items, FLAGS);
  assert.ok(read.all > FLAGS * text.length, JSON.stringify(read));
  assert.ok(read.turns > 80, JSON.stringify(read));
  assert.ok(read.most < read.all / 80, JSON.stringify(read));
  assert.deepStrictEqual(await scene.open({ cacheTTL: 0 }).all(FEATURES), flags);
});

test('updates that follow a large init come after it', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', { key: 'old', version: 9 }));
  const store = scene.open();
  const [first, last] = ['flag-0', `flag-${FLAGS - 1}`];
  await Promise.all([
    store.init({ features: flags }),
    store.upsert(FEATURES, { key: first, version: 2 }),
    store.upsert(FEATURES, { key: 'new', version: 1 }),
    store.delete(FEATURES, last, 2),
  ]);
  const expected = {
    ...flags,
    [first]: { key: first, version: 2 },
    new: { key: 'new', version: 1 },
  };
  delete expected[last];
  for (const reader of [store, scene.open()]) {
    assert.deepStrictEqual(await reader.all(FEATURES), expected);
  }
  assert.deepStrictEqual(scene.logger.lines, []);
});

const cycle = { key: 'odd', version: 1 };
Object.assign(cycle, { itself: cycle });

for (const [what, odd] of Object.entries({
  'a BigInt': { key: 'odd', version: 1, value: 1n },
  'a cycle': cycle,
})) {
  test(`a large data set with ${what} in its middle is refused as a whole`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', { key: 'old', version: 9 }));
    const before = await scene.rows();
    const value = scene.value();
    const store = promised(value);
    const entries = Object.entries(flags);
    entries.splice(FLAGS / 2, 0, ['odd', odd]);
    const features = Object.fromEntries(entries);
    const upserted = { key: 's', version: 1 };
    const data = { segments: {}, features };
    const init = answered('init', (callback) => value.init(data, callback));
    // It waits for the init, whatever becomes of that.
    await Promise.all([init, store.upsert(SEGMENTS, upserted)]);
    const errors = scene.logger.lines;
    assert.deepStrictEqual([errors.length, errors[0].level], [1, 'error']);
    assert.ok(errors[0].message.includes('features'), errors[0].message);
    assert.deepStrictEqual(await scene.rows(), [...before, itemRow('segments', upserted)]);
    assert.strictEqual(await store.initialized(), false);
    await store.init({ features: { a: { key: 'a', version: 1 } } });
    assert.deepStrictEqual(Object.keys(await scene.open().all(FEATURES)), ['a']);
    assert.strictEqual(scene.logger.lines.length, 1);
  });
}
