'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, SEGMENTS, flagReferringTo, itemRow } = require('../../support/data');
const { answerWith, breakdown, rejection } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { gate, promised, waitFor } = require('../../support/wait');

const newScene = scenes();

const v = (key, version, more = {}) => ({ key, version, ...more });

for (const cacheTTL of [0, 30]) {
  const how = cacheTTL ? 'cached' : 'uncached';

  test(`only a newer version replaces what is there, ${how}`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ cacheTTL });
    const current = v('a', 5, { on: true });
    await store.upsert(FEATURES, current);
    for (const version of [4, 5]) {
      await store.upsert(FEATURES, v('a', version));
      await store.delete(FEATURES, 'a', version);
      assert.deepStrictEqual(await store.get(FEATURES, 'a'), current);
      assert.deepStrictEqual(await scene.row('features', 'a'), itemRow('features', current));
    }
    await store.upsert(FEATURES, v('a', 6));
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), v('a', 6));
    assert.deepStrictEqual(await store.all(FEATURES), { a: v('a', 6) });
    assert.deepStrictEqual(scene.logger.lines, []);
  });

  test(`a deleted item is gone until a newer version comes, ${how}`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ cacheTTL });
    await store.init({ features: { a: v('a', 1), b: v('b', 1) } });
    await store.delete(FEATURES, 'a', 2);
    assert.strictEqual(await store.get(FEATURES, 'a'), null);
    assert.deepStrictEqual(await store.all(FEATURES), { b: v('b', 1) });
    await store.upsert(FEATURES, v('a', 2));
    assert.strictEqual(await store.get(FEATURES, 'a'), null);
    await store.upsert(FEATURES, v('a', 3));
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), v('a', 3));
  });

  test(`whoever loses against another process sees the winner, ${how}`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ cacheTTL });
    await store.init({ features: { a: v('a', 1) } });
    const winner = v('a', 7, { from: 'elsewhere' });
    await scene.put(itemRow('features', winner));
    await store.upsert(FEATURES, v('a', 3));
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), winner);
    assert.deepStrictEqual(await store.all(FEATURES), { a: winner });
  });
}

test('delete takes the version as text too', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await store.upsert(FEATURES, v('a', 9));
  await store.delete(FEATURES, 'a', '10');
  const tombstone = { key: 'a', version: 10, deleted: true };
  assert.deepStrictEqual(await scene.row('features', 'a'), itemRow('features', tombstone));
});

test('deleting an unknown key writes a tombstone', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await store.delete(SEGMENTS, 'never', 4);
  const tombstone = { key: 'never', version: 4, deleted: true };
  assert.deepStrictEqual(await scene.rows(), [itemRow('segments', tombstone)]);
  await store.upsert(SEGMENTS, v('never', 4));
  assert.strictEqual(await store.get(SEGMENTS, 'never'), null);
});

test('updates of one key end with the newest, in whatever order they come', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  const versions = [1, 3, 2, 5, 4, 6];
  await Promise.all(versions.map((version) => store.upsert(FEATURES, v('a', version))));
  const puts = scene.proxy.writes();
  const put = puts.map(({ row }) => Number(row.version.N));
  assert.deepStrictEqual(
    put,
    [...put].sort((a, b) => a - b),
    'no older one is written later'
  );
  assert.strictEqual(put[put.length - 1], 6);
  for (const [i, later] of puts.slice(1).entries()) assert.ok(puts[i].answered < later.arrived);
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), v('a', 6));
});

test('updates of different keys do not wait for one another', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  const slow = gate();
  scene.proxy.intercept(async ({ body }, forward) => {
    if (body.Item?.key.S === 'slow') await slow.opened;
    return forward();
  });
  const first = store.upsert(FEATURES, v('slow', 1));
  await store.upsert(FEATURES, v('fast', 1));
  assert.strictEqual(await scene.row('features', 'slow'), undefined);
  slow.open();
  await first;
  assert.ok(await scene.row('features', 'slow'));
});

test('an update waits for unfinished updates of what it refers to', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  const slow = gate();
  scene.proxy.intercept(async ({ body }, forward) => {
    if (body.Item?.key.S.startsWith('slow')) await slow.opened;
    return forward();
  });
  const flag = flagReferringTo('flag', {
    prerequisites: ['slow-flag'],
    segments: ['slow-segment'],
  });
  const updates = [
    store.upsert(FEATURES, v('slow-flag', 1)),
    store.upsert(SEGMENTS, v('slow-segment', 1)),
    store.upsert(FEATURES, flag),
  ];
  await waitFor(() => scene.proxy.count('PutItem') >= 2, 'two puts');
  await store.upsert(FEATURES, v('another', 1));
  assert.strictEqual(scene.proxy.count('PutItem'), 3);
  slow.open();
  await Promise.all(updates);
  const keys = scene.proxy.writes().map(({ key }) => key);
  assert.strictEqual(keys.pop(), 'flag');
});

test('a race within one process ends with the newest version', async (t) => {
  const scene = await newScene(t);
  const stores = [scene.open(), scene.open(), scene.open({ cacheTTL: 0 })];
  const versions = Array.from({ length: 30 }, (_, i) => ((i * 7) % 30) + 1);
  await Promise.all(
    versions.map((version, i) => stores[i % stores.length].upsert(FEATURES, v('a', version)))
  );
  assert.deepStrictEqual(await scene.item('features', 'a'), v('a', 30));
  assert.deepStrictEqual(await scene.open({ cacheTTL: 0 }).get(FEATURES, 'a'), v('a', 30));
});

test('callbacks may be left out', async (t) => {
  const scene = await newScene(t);
  const store = scene.value();
  store.init({ features: {} });
  store.upsert(FEATURES, v('a', 1));
  store.delete(FEATURES, 'b', 2);
  await waitFor(async () => (await scene.rows()).length === 3, 'three rows');
  store.get(FEATURES, 'a');
  store.all(FEATURES);
  store.initialized();
  assert.deepStrictEqual(await promised(store).get(FEATURES, 'a'), v('a', 1));
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('an update is tried again while DynamoDB breaks down', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  scene.proxy.intercept(({ operation, call }) =>
    operation === 'PutItem' && call < 3 ? breakdown() : undefined
  );
  await store.upsert(FEATURES, v('a', 1));
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), v('a', 1));
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('an update that DynamoDB refuses is logged once, and the next one is tried', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  scene.proxy.intercept(answerWith(rejection(), 'PutItem'));
  await store.upsert(FEATURES, v('refused', 1));
  assert.strictEqual(scene.logger.linesWith(scene.table, 'refused').length, 1);
  assert.strictEqual(scene.logger.lines.length, 1);
  assert.strictEqual(scene.logger.lines[0].level, 'error');
  assert.deepStrictEqual(await store.get(FEATURES, 'refused'), v('refused', 1));
  assert.strictEqual(await scene.row('features', 'refused'), undefined);
  scene.proxy.reset();
  await store.upsert(FEATURES, v('refused', 2));
  assert.deepStrictEqual(await store.get(FEATURES, 'refused'), v('refused', 2));
});

const circular = v('circle', 1);
circular.itself = circular;

/** Calls that can't be done, and what their callbacks get. */
const BAD_CALLS = {
  'upsert of an item without a key': ['upsert', [FEATURES, { version: 1 }], undefined],
  'upsert of an item with an empty key': ['upsert', [FEATURES, v('', 1)], undefined],
  'upsert of an item with a number as key': ['upsert', [FEATURES, v(5, 1)], undefined],
  'upsert of a key over 1,024 bytes': ['upsert', [FEATURES, v('k'.repeat(1025), 1)], undefined],
  'upsert of nothing': ['upsert', [FEATURES, undefined], undefined],
  'upsert of null': ['upsert', [FEATURES, null], undefined],
  'upsert of a text': ['upsert', [FEATURES, 'a'], undefined],
  'upsert of an array': ['upsert', [FEATURES, [v('a', 1)]], undefined],
  'upsert of what is no JSON': ['upsert', [FEATURES, circular], undefined],
  'upsert without a kind': ['upsert', [undefined, v('a', 1)], undefined],
  'delete without a key': ['delete', [FEATURES, undefined, 1], undefined],
  'delete without a version': ['delete', [FEATURES, 'a', undefined], undefined],
  'delete of a version that is no number': ['delete', [FEATURES, 'a', 'one'], undefined],
  'get without a kind': ['get', [null, 'a'], null],
  'get of a kind without a namespace': ['get', [{}, 'a'], null],
  'get without a key': ['get', [FEATURES, undefined], null],
  'get of an empty key': ['get', [FEATURES, ''], null],
  'all without a kind': ['all', [undefined], null],
};

for (const [what, [method, args, answer]] of Object.entries(BAD_CALLS)) {
  test(`${what} is one line in the log, and its callback comes`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open();
    assert.strictEqual(await store[method](...args), answer);
    assert.strictEqual(scene.logger.lines.length, 1);
    assert.strictEqual(scene.logger.lines[0].level, 'error');
    assert.deepStrictEqual(scene.proxy.requests, {});
  });
}
