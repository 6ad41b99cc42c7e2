'use strict';

/** Answers that are none: lost, broken off, garbled, or never complete. */

const assert = require('node:assert');
const { test } = require('node:test');

const { OF_OWN_CLIENT } = require('../support/connection');
const { FEATURES, itemRow } = require('../support/data');
const { ENDLESS, waitFor } = require('../support/wait');
const { allSaved, byKey, faultScenes, itemsInTable } = require('./scene');

const newScene = faultScenes();
const SOON = { writeTimeout: 2, readTimeout: 1 };
const v = (key, version) => ({ key, version });

const FAULTS = [
  'lost',
  'reset',
  'truncated',
  'garbled',
  'empty',
  'cut',
  'slow',
  'hang',
  'breakdown',
  'status line',
  'other protocol',
  'control character',
  'two lengths',
  'half a chunk',
  'no chunk',
  'portal',
  'not found',
  'moved',
  'forbidden',
  'other object',
  'no object',
  'other error',
  'other encoding',
];
/** Answers that DynamoDB's JavaScript clients take for good ones. */
const TAKEN_BY_CLIENTS = ['other object', 'no object', 'other encoding'];
const options = (fault) => (TAKEN_BY_CLIENTS.includes(fault) ? OF_OWN_CLIENT : {});

for (const fault of FAULTS) {
  test(`reads and writes whose answers are "${fault}" are made good`, options(fault), async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', v('old', 1)), itemRow('features', v('kept', 1)));
    const store = scene.open(SOON);
    await scene.proxy.set([{ fault }]);
    const init = { features: byKey(v('a', 1), v('b', 1), v('kept', 1)) };
    await Promise.all([
      store.get(FEATURES, 'old'),
      store.all(FEATURES),
      store.initialized(),
      store.init(init),
      store.upsert(FEATURES, v('a', 2)),
      store.delete(FEATURES, 'b', 2),
    ]);
    assert.deepStrictEqual(await store.all(FEATURES), byKey(v('a', 2), v('kept', 1)));
    await scene.proxy.reset();
    await allSaved(store);
    const expected = { a: v('a', 2), b: { ...v('b', 2), deleted: true }, kept: v('kept', 1) };
    assert.deepStrictEqual(await itemsInTable(scene, 'features'), expected);
    assert.ok(await scene.row('$inited', '$inited'));
  });

  test(`some answers that are "${fault}" change nothing`, options(fault), async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ ...SOON, clientOptions: { httpOptions: { timeout: 1000 } } });
    await scene.proxy.set([{ fault, rate: 0.3 }], 7, 20);
    const flags = Array.from({ length: 100 }, (_, i) => v(`flag-${i}`, 1));
    await store.init({ features: byKey(...flags) });
    const updates = flags.slice(0, 50).map(({ key }) => v(key, 2));
    await Promise.all(updates.map((item) => store.upsert(FEATURES, item)));
    await scene.proxy.reset();
    await allSaved(store);
    const expected = byKey(...flags, ...updates);
    assert.deepStrictEqual(await itemsInTable(scene, 'features'), expected);
    assert.deepStrictEqual(await store.all(FEATURES), expected);
  });
}

test(
  'an answer that is empty is not taken for one that says there is nothing',
  OF_OWN_CLIENT,
  async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', v('a', 1)));
    const store = scene.open({ readTimeout: 5, cacheTTL: 60 });
    const read = () => Promise.all([store.get(FEATURES, 'a'), store.all(FEATURES)]);
    await scene.proxy.set([{ fault: 'empty' }]);
    assert.deepStrictEqual(await read(), [null, null]);
    await scene.proxy.reset();
    assert.deepStrictEqual(await read(), [v('a', 1), byKey(v('a', 1))]);
  }
);

test("a second page of an init's first read that fails loses nothing", async (t) => {
  const scene = await newScene(t);
  const old = Array.from({ length: 10 }, (_, i) => v(`old-${i}`, 1));
  await scene.put(...old.map((item) => itemRow('features', item)));
  const store = scene.open({ writeTimeout: 0.5 });
  await scene.proxy.set([{ fault: 'breakdown', containing: 'ExclusiveStartKey' }], 1, 2);
  await store.init({ features: byKey(v('a', 1)) });
  assert.strictEqual((await scene.rows()).length, 10);
  assert.deepStrictEqual(await store.all(FEATURES), byKey(v('a', 1)));
  await scene.proxy.reset();
  await allSaved(store);
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), byKey(v('a', 1)));
});

test('a server that says nothing is given up on within the time-out of an attempt', async (t) => {
  const scene = await newScene(t);
  await scene.proxy.set([{ fault: 'hang' }]);
  for (const timeouts of [
    { httpOptions: { timeout: 100 } },
    { requestHandler: { requestTimeout: 100 } },
  ]) {
    const store = scene.open({ ...ENDLESS, clientOptions: timeouts });
    const update = store.upsert(FEATURES, v('a', 1));
    await waitFor(() => store.stats().requests.PutItem > 2, 'it to be tried again and again');
    store.close();
    await update;
  }
});
