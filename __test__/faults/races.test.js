'use strict';

/** Several writers of the same table. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, SEGMENTS, flagReferringTo } = require('../support/data');
const { getRow } = require('../support/dynamodb');
const { randomNumbers } = require('../support/faults');
const { allSaved, byKey, faultScenes, itemsInTable } = require('./scene');

const newScene = faultScenes();
const WRITERS = 20;
const VERSIONS = 50;
const v = (key, version, more = {}) => ({ key, version, ...more });

test('of many writers the one with the newest version wins, and none goes back', async (t) => {
  const scene = await newScene(t);
  await scene.proxy.set([
    { fault: 'throttle', rate: 0.1 },
    { fault: 'lost', rate: 0.1 },
  ]);
  const random = randomNumbers(11);
  const stores = Array.from({ length: WRITERS }, () => scene.open({ writeTimeout: 0.5 }));

  let isOver = false;
  const seen = [];
  const reader = (async () => {
    while (!isOver) {
      const row = await getRow(scene.engine, scene.table, 'features', 'a');
      if (row) seen.push(Number(row.version.N));
    }
  })();
  await Promise.all(
    stores.map(async (store) => {
      const versions = Array.from({ length: VERSIONS }, (_, i) => i + 1);
      versions.sort(() => random() - 0.5);
      let newest = 0;
      for (const version of versions) {
        await store.upsert(FEATURES, v('a', version));
        newest = Math.max(newest, version);
        const { version: read } = await store.get(FEATURES, 'a');
        assert.ok(read >= newest, `${read} after ${newest}`);
      }
    })
  );
  await Promise.all(stores.map(allSaved));
  isOver = true;
  await reader;
  assert.deepStrictEqual(
    seen,
    [...seen].sort((a, b) => a - b)
  );
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), { a: v('a', VERSIONS) });
});

test('two that initialise at once with the same data leave just that', async (t) => {
  const scene = await newScene(t);
  await scene.proxy.set([
    { fault: 'throttle', rate: 0.1 },
    { fault: 'lost', rate: 0.1 },
    { operations: ['BatchWriteItem'], share: 0.2 },
  ]);
  const segments = byKey(...Array.from({ length: 40 }, (_, i) => v(`segment-${i}`, 1)));
  const flags = Array.from({ length: 200 }, (_, i) =>
    flagReferringTo(`flag-${i}`, { segments: [`segment-${i % 40}`] })
  );
  const data = { features: byKey(...flags), segments };
  const stores = [scene.open({ writeTimeout: 0.5 }), scene.open({ writeTimeout: 0.5 })];
  await Promise.all(stores.map((store) => store.init(data)));
  await Promise.all(stores.map(allSaved));
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), data.features);
  assert.deepStrictEqual(await itemsInTable(scene, 'segments'), segments);
  for (const store of stores) {
    assert.deepStrictEqual(await store.all(FEATURES), data.features);
    assert.deepStrictEqual(await store.all(SEGMENTS), segments);
  }
});
