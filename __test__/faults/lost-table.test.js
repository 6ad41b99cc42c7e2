'use strict';

/** A table that is emptied behind the store's back. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, flagReferringTo } = require('../support/data');
const { clear } = require('../support/dynamodb');
const { waitFor } = require('../support/wait');
const { byKey, faultScenes } = require('./scene');
const { watch } = require('./watch');

const newScene = faultScenes();
const v = (key, version) => ({ key, version });
const DATA = {
  features: byKey(v('a', 1), flagReferringTo('b', { segments: ['s'], prerequisites: ['a'] })),
  segments: byKey(v('s', 3)),
};

/** Reads until `condition` holds. */
function readUntil(store, condition, what) {
  return waitFor(async () => {
    await store.all(FEATURES);
    return condition();
  }, what);
}

test('a table that lost its data is an error line that says what to do', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0.01 });
  await store.init(DATA);
  await clear(scene.engine, scene.table);
  await readUntil(store, () => scene.logger.lines.length > 0, 'a line');
  assert.deepStrictEqual(scene.logger.linesWith('lost its data', 'refill').length, 1);
  assert.deepStrictEqual(await scene.rows(), []);
});

test('a table that lost its data is filled again where that is wanted', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0.01, refill: true });
  await store.init(DATA);
  await store.upsert(FEATURES, v('a', 2));
  const before = await scene.rows();
  await clear(scene.engine, scene.table);
  const ended = watch(scene, { whole: Object.keys(DATA.features) });
  await readUntil(store, async () => (await scene.rows()).length === before.length, 'all rows');
  assert.deepStrictEqual((await ended()).faults, []);
  assert.deepStrictEqual(await scene.rows(), before);
  assert.deepStrictEqual(
    scene.logger.lines.map(({ level }) => level),
    ['warn']
  );
});
