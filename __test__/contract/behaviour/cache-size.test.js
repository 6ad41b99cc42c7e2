'use strict';

/** What a store holds is bounded. */

const assert = require('node:assert');
const { test } = require('node:test');

const { childResult } = require('../../support/child');
const { FEATURES, itemRow } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { PATIENT, letPass } = require('../../support/wait');
const { ItemCache } = require('../../../lib/store/item-cache');

const newScene = scenes();

const maxCacheBytes = 1024 * 1024;
/** In characters, for each flag. */
const TEXT = 10_000;
/** How many flags fit: the text counts twice. */
const FITTING = Math.floor(maxCacheBytes / (2 * TEXT));

const keysOf = (count) => Array.from({ length: count }, (_, i) => `flag-${i}`);
const largeFlag = (key) => ({ key, version: 1, text: 'x'.repeat(TEXT) });

/** A scene with so many large flags. */
async function sceneWithFlags(t, count) {
  const scene = await newScene(t);
  await scene.put(...keysOf(count).map((key) => itemRow('features', largeFlag(key))));
  return scene;
}

test('items of a read of several pages count with the size of their texts', async (t) => {
  const count = 300;
  const scene = await sceneWithFlags(t, count);
  const sizes = new Map();
  const { keep } = ItemCache.prototype;
  t.after(() => {
    ItemCache.prototype.keep = keep;
  });
  ItemCache.prototype.keep = function (kind, key, held) {
    sizes.set(key, held.size);
    keep.call(this, kind, key, held);
  };
  const all = await scene.open(PATIENT).all(FEATURES);
  assert.strictEqual(Object.keys(all).length, count);
  assert.ok(scene.proxy.requests.Query > 1);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  assert.ok(total >= count * TEXT && total < 2 * count * TEXT, String(total));
});

test('however many flags are read, no more is held than maxCacheBytes', async (t) => {
  const keys = keysOf(40 * FITTING);
  const scene = await sceneWithFlags(t, keys.length);
  const size = keys.length / 4;
  const rounds = Array.from({ length: 4 }, (_, i) => keys.slice(i * size, (i + 1) * size));
  const options = {
    ...PATIENT,
    maxCacheBytes,
    cacheTTL: 1e6,
    clientOptions: { endpoint: scene.engine },
  };
  const input = { table: scene.table, options, rounds };
  const results = await childResult('fill-cache.js', input);
  for (const round of results) {
    assert.strictEqual(round.found, size);
    assert.ok(round.mostBytes > maxCacheBytes / 2, JSON.stringify(round));
    assert.ok(round.mostBytes <= maxCacheBytes, JSON.stringify(round));
    assert.ok(round.items > FITTING / 2 && round.items <= FITTING, JSON.stringify(round));
  }
  // By as much as the text of a round it would have grown in each, had that been kept. It may grow in one of
  // them for reasons of its own.
  const text = size * TEXT;
  const grown = (what) =>
    Math.min(...results.slice(1).map((round, i) => round[what] - results[i][what]));
  assert.ok(grown('heapUsed') < text / 4, `${grown('heapUsed')} bytes of heap`);
  assert.ok(grown('rss') < text, `${grown('rss')} bytes of memory`);
});

test('what is used all the time stays, and what has not been used for longest goes', async (t) => {
  const count = 3 * FITTING;
  const scene = await sceneWithFlags(t, count);
  const store = scene.open({ maxCacheBytes, cacheTTL: Infinity });
  const requestsFor = (key) =>
    scene.proxy.history.filter(({ body }) => body.Key.key.S === key).length;
  const [hot, cold, ...others] = keysOf(count);
  const first = await store.get(FEATURES, hot);
  await store.get(FEATURES, cold);
  for (const key of others) {
    assert.deepStrictEqual(await store.get(FEATURES, key), largeFlag(key));
    assert.strictEqual(await store.get(FEATURES, hot), first);
    // JavaScript reports once a second which flags are used.
    await letPass(0.03);
  }
  assert.strictEqual(requestsFor(hot), 1);
  assert.deepStrictEqual(await store.get(FEATURES, cold), largeFlag(cold));
  assert.strictEqual(requestsFor(cold), 2);
});

test('all items are correct though they are too many to be held', async (t) => {
  const count = 2 * FITTING;
  const scene = await sceneWithFlags(t, count);
  const store = scene.open({ maxCacheBytes, cacheTTL: Infinity });
  const expected = Object.fromEntries(keysOf(count).map((key) => [key, largeFlag(key)]));
  const queries = () => scene.proxy.history.filter(({ body }) => !body.ExclusiveStartKey).length;
  for (let i = 1; i <= 3; i += 1) {
    assert.deepStrictEqual(await store.all(FEATURES), expected);
    assert.strictEqual(queries(), i);
    assert.ok(store.stats().bytes <= maxCacheBytes);
  }
  const changed = { key: 'flag-1', version: 2 };
  await store.upsert(FEATURES, changed);
  assert.deepStrictEqual(await store.all(FEATURES), { ...expected, 'flag-1': changed });
  assert.deepStrictEqual(await store.get(FEATURES, 'flag-1'), changed);
});
