'use strict';

/** Inits of a data set such as a large project has. */

const assert = require('node:assert');
const { test } = require('node:test');

const { childResult } = require('../../support/child');
const {
  FEATURES,
  SEGMENTS,
  asSdk9,
  itemRow,
  largeDataSet,
  markerRow,
} = require('../../support/data');
const { unprocessed } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { PATIENT } = require('../../support/wait');

const newScene = scenes();

const SIZE = { flags: 10_000, segments: 500 };
const data = largeDataSet(SIZE);

/** What another process reads. */
async function readElsewhere(scene) {
  const { results, lines } = await childResult('operate.js', {
    table: scene.table,
    options: { ...PATIENT, clientOptions: { endpoint: scene.engine } },
    calls: [['initialized'], ['all', FEATURES], ['all', SEGMENTS]],
  });
  assert.deepStrictEqual(lines, []);
  const [initialized, features, segments] = results;
  return { initialized, features, segments };
}

/** All rows that a data set makes, as an SDK writes them. */
function rowsOf({ features, segments }, serialised = (item) => item) {
  const kinds = Object.entries({ features, segments });
  return kinds.flatMap(([namespace, items]) =>
    Object.values(items).map((item) => itemRow(namespace, serialised(item)))
  );
}

test('a large data set is written once, and another process reads it all', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await store.init(data);
  assert.strictEqual(scene.proxy.rowsPut, SIZE.flags + SIZE.segments + 1);
  assert.deepStrictEqual(await readElsewhere(scene), { initialized: true, ...data });

  await t.test('the same again writes nothing', async () => {
    scene.proxy.reset();
    await scene.open().init(data);
    assert.deepStrictEqual([scene.proxy.rowsPut, scene.proxy.rowsDeleted], [0, 0]);
  });

  await t.test('a change of one percent writes one percent', async () => {
    const changed = structuredClone(data);
    const keys = Object.keys(changed.features).filter((_, i) => i % 100 === 0);
    for (const key of keys) changed.features[key].version += 1;
    scene.proxy.reset();
    await scene.open().init(changed);
    assert.deepStrictEqual([scene.proxy.rowsPut, scene.proxy.rowsDeleted], [keys.length, 0]);
    const written = scene.proxy.writes().map(({ key }) => key);
    assert.deepStrictEqual(written.sort(), keys.sort());
    assert.deepStrictEqual(await readElsewhere(scene), { initialized: true, ...changed });
  });

  assert.deepStrictEqual(scene.logger.lines, []);
});

test('rows that another SDK generation wrote of the same data are not written again', async (t) => {
  const scene = await newScene(t);
  const small = largeDataSet({ flags: 300, segments: 50, seed: 3 });
  await scene.put(...rowsOf(small, asSdk9), markerRow());
  await scene.open().init(small);
  assert.deepStrictEqual([scene.proxy.rowsPut, scene.proxy.rowsDeleted], [0, 0]);
});

test('rows that DynamoDB leaves unprocessed are not missing at the end', async (t) => {
  const scene = await newScene(t);
  scene.proxy.intercept(unprocessed(0.3, 99));
  await scene.open().init(data);
  assert.deepStrictEqual(await readElsewhere(scene), { initialized: true, ...data });
  assert.strictEqual(scene.proxy.rowsPut, SIZE.flags + SIZE.segments + 1);
  assert.deepStrictEqual(scene.logger.lines, []);
});
