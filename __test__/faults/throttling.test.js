'use strict';

/** DynamoDB throttles, and leaves rows unprocessed. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES } = require('../support/data');
const { allSaved, byKey, faultScenes, itemsInTable } = require('./scene');

const newScene = faultScenes();
const FLAGS = 10_000;
const v = (key, version) => ({ key, version });

const total = ({ mostInFlight, ...requests }) =>
  Object.values(requests).reduce((sum, count) => sum + count, 0);

test('an init leaves all rows at no more than three times the requests of a clean one', async (t) => {
  const features = byKey(...Array.from({ length: FLAGS }, (_, i) => v(`flag-${i}`, 1)));
  const clean = await newScene(t);
  await clean.open().init({ features });
  const cleanRequests = total(await clean.proxy.counts());

  const scene = await newScene(t);
  await scene.proxy.set([
    { fault: 'throttle', rate: 0.2 },
    { operations: ['BatchWriteItem'], share: 0.3 },
  ]);
  const store = scene.open();
  await store.init({ features });
  assert.strictEqual(store.stats().unsaved, 0);
  const requests = total(await scene.proxy.counts());
  t.diagnostic(`${requests} requests, ${cleanRequests} without faults`);
  assert.ok(requests <= 3 * cleanRequests, `${requests} of ${cleanRequests}`);
  assert.strictEqual((await scene.rows()).length, FLAGS + 1);
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('updates get in though many are throttled', async (t) => {
  const scene = await newScene(t);
  await scene.proxy.set([{ fault: 'throttle', rate: 0.5 }]);
  const store = scene.open({ writeTimeout: 0.5 });
  const items = Array.from({ length: 500 }, (_, i) => v(`flag-${i}`, 1));
  await Promise.all(items.map((item) => store.upsert(FEATURES, item)));
  await allSaved(store);
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), byKey(...items));
});

test('a burst of updates goes out side by side, and not all at once', async (t) => {
  const scene = await newScene(t);
  await scene.proxy.set([{ delay: 5 }]);
  const store = scene.open();
  const items = Array.from({ length: 1000 }, (_, i) => v(`flag-${i}`, 1));
  await Promise.all(items.map((item) => store.upsert(FEATURES, item)));
  const { PutItem, mostInFlight } = await scene.proxy.counts();
  assert.strictEqual(PutItem, 1000);
  assert.ok(mostInFlight > 8 && mostInFlight <= 64, `${mostInFlight} at the same time`);
});
