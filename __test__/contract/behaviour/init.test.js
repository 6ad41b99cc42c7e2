'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const {
  FEATURES,
  SEGMENTS,
  flagReferringTo,
  itemRow,
  markerRow,
  segmentReferringTo,
} = require('../../support/data');
const { HANG } = require('../../support/engine-proxy');
const { rejection, unprocessed } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { becomes, waitFor } = require('../../support/wait');

const newScene = scenes();

const v = (key, version) => ({ key, version });
const byKey = (...items) => Object.fromEntries(items.map((item) => [item.key, item]));

test('init replaces everything, whatever the versions', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  const old = byKey(v('older', 1), v('newer', 9), v('same', 5), v('gone', 7));
  await store.init({ features: old, segments: byKey(v('s', 3)) });
  const data = { features: byKey(v('older', 2), v('newer', 8), v('same', 5), v('come', 1)) };
  await store.init({ ...data, segments: byKey(v('s', 2)) });
  assert.deepStrictEqual(await scene.rows(), [
    markerRow(),
    ...['come', 'newer', 'older', 'same'].map((key) => itemRow('features', data.features[key])),
    itemRow('segments', v('s', 2)),
  ]);
  assert.deepStrictEqual(await store.all(FEATURES), data.features);
});

test('init replaces an item whose JSON changed while its version did not', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  await store.init({ features: byKey({ ...v('a', 1), on: true }) });
  await store.init({ features: byKey({ ...v('a', 1), on: false }) });
  assert.strictEqual((await store.get(FEATURES, 'a')).on, false);
});

for (const missing of [undefined, null]) {
  test(`init deletes the flags or segments of a data set in which they are ${missing}`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('segments', v('s', 1)), itemRow('metrics', v('m', 1)));
    const store = scene.open();
    await store.init({ features: byKey(v('a', 1)), segments: missing });
    assert.strictEqual(await scene.row('segments', 's'), undefined);
    assert.deepStrictEqual(await store.all(SEGMENTS), {});
    assert.deepStrictEqual(await scene.item('metrics', 'm'), v('m', 1), 'another kind');
    assert.ok(await scene.row('$inited', '$inited'));
    assert.deepStrictEqual(scene.logger.lines, []);
  });
}

test('init of empty kinds deletes their rows', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', v('a', 1)), itemRow('segments', v('s', 1)));
  await scene.open().init({ features: {} });
  assert.deepStrictEqual(await scene.rows(), [markerRow()]);
});

for (const [what, data] of Object.entries({
  'no kind': {},
  'empty kinds': { features: {}, segments: {} },
})) {
  test(`init with ${what} writes the marker`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open();
    await store.init(data);
    assert.deepStrictEqual(await scene.rows(), [markerRow()]);
    assert.strictEqual(await store.initialized(), true);
    assert.strictEqual(await scene.open({ cacheTTL: 0 }).initialized(), true);
  });
}

test('an item without a key has the key that it is listed by', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  await store.init({ features: { listed: { version: 2, on: true } } });
  assert.strictEqual((await store.get(FEATURES, 'listed')).on, true);
  assert.strictEqual((await scene.row('features', 'listed')).version.N, '2');
});

test('an init of an unchanged data set writes nothing', async (t) => {
  const scene = await newScene(t);
  const data = {
    features: byKey({ ...v('f', 1), offVariation: null }),
    segments: byKey({ ...v('s', 2), salt: 'a' }),
  };
  await scene.open().init(data);
  scene.proxy.reset();
  await scene.open().init(data);
  assert.strictEqual(scene.proxy.count('BatchWriteItem'), 0);
  assert.strictEqual(scene.proxy.count('PutItem'), 0);
});

test('a null that comes or goes among the variations is a change', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  const flag = (variations) => ({ ...v('f', 1), variations });
  await store.init({ features: byKey(flag([{ a: 1, b: null }, null])) });
  for (const variations of [[{ a: 1 }, null], [{ a: 1 }], [{ a: null }], [{}]]) {
    await store.init({ features: byKey(flag(variations)) });
    assert.deepStrictEqual((await store.get(FEATURES, 'f')).variations, variations);
  }
});

/** Asserts that every write in `earlier` was accepted before any of `later` was sent. */
function assertBefore(earlier, later, what) {
  assert.ok(earlier.length > 0 && later.length > 0, what);
  const end = Math.max(...earlier.map(({ answered }) => answered));
  const start = Math.min(...later.map(({ arrived }) => arrived));
  assert.ok(end < start, what);
}

for (const share of [0, 0.5]) {
  const when = share ? ', also when DynamoDB leaves rows unprocessed' : '';

  test(`init writes in waves: what is referred to comes first${when}`, async (t) => {
    const scene = await newScene(t);
    await scene.put(
      itemRow('features', v('gone', 1)),
      itemRow('segments', v('gone', 1)),
      itemRow('features', v('kept', 1))
    );
    const many = (name, count) => Array.from({ length: count }, (_, i) => v(`${name}-${i}`, 1));
    const segments = byKey(
      segmentReferringTo('a-outer', { segments: ['z-inner'] }),
      v('z-inner', 1),
      ...many('segment', 60)
    );
    const features = byKey(
      flagReferringTo('a-top', { prerequisites: ['m-middle'], segments: ['a-outer'] }),
      flagReferringTo('m-middle', { prerequisites: ['z-base', 'kept'] }),
      flagReferringTo('z-base', { segments: ['z-inner', 'nowhere'] }),
      flagReferringTo('circle-1', { prerequisites: ['circle-2'] }),
      flagReferringTo('circle-2', { prerequisites: ['circle-1', 'circle-1'] }),
      flagReferringTo('self', { prerequisites: ['self'] }),
      v('kept', 1),
      ...many('flag', 60)
    );
    if (share) scene.proxy.intercept(unprocessed(share, 42));
    await scene.open().init({ features, segments });

    const writes = scene.proxy.writes();
    const of = (namespace, ...keys) =>
      writes.filter((w) => w.put && w.namespace === namespace && keys.includes(w.key));
    const [marker] = writes.slice(-1);
    const all = (namespace) => writes.filter((w) => w.put && w.namespace === namespace);
    const deletes = writes.filter(({ put }) => !put);
    assertBefore(all('segments'), all('features'), 'segments before flags');
    assertBefore(of('segments', 'z-inner'), of('segments', 'a-outer'), 'segment before segment');
    assertBefore(of('features', 'z-base'), of('features', 'm-middle'), 'base before middle');
    assertBefore(of('features', 'm-middle'), of('features', 'a-top'), 'middle before top');
    assertBefore(all('features'), deletes, 'puts before deletes');
    assert.deepStrictEqual(
      deletes.map(({ key }) => key).filter((key) => key !== 'gone'),
      []
    );
    assertBefore(deletes, all('$inited'), 'all before the marker');
    assert.strictEqual(all('$inited').filter(({ taken }) => taken).length, 1);
    assert.deepStrictEqual(marker.row, markerRow());
    assert.deepStrictEqual(of('features', 'kept'), []);
    assert.strictEqual(scene.proxy.count('PutItem'), 0);
    // The marker, the items, no rows of old.
    const expected = 1 + Object.keys(features).length + Object.keys(segments).length;
    assert.strictEqual((await scene.rows()).length, expected);
  });
}

test('the marker is neither written again nor ever deleted', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await store.init({ features: byKey(v('a', 1)) });
  await store.init({ features: byKey(v('b', 1)) });
  await store.init({ features: {} });
  const marker = scene.proxy.writes().filter(({ namespace }) => namespace === '$inited');
  assert.strictEqual(marker.length, 1);
  assert.strictEqual(marker[0].put, true);
});

test('inits and upserts take effect in the order of the calls', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  await Promise.all([
    store.init({ features: byKey(v('a', 1), v('b', 1)) }),
    store.upsert(FEATURES, v('a', 2)),
    store.init({ features: byKey(v('a', 1), v('c', 1)) }),
    store.upsert(FEATURES, v('c', 2)),
    store.delete(FEATURES, 'b', 3),
  ]);
  assert.deepStrictEqual(await store.all(FEATURES), byKey(v('a', 1), v('c', 2)));
  assert.strictEqual((await scene.item('features', 'b')).deleted, true);
});

for (const hanging of ['Query', 'BatchWriteItem']) {
  test(`a second init ends though the first hangs in ${hanging}, and the table has its data`, async (t) => {
    const scene = await newScene(t);
    // An attempt gets two seconds.
    const store = scene.open({ writeTimeout: 4 });
    const [first, second] = [byKey(v('a', 1), v('b', 1)), byKey(v('a', 2), v('c', 2))];
    let isHanging = true;
    scene.proxy.intercept(({ operation }) =>
      isHanging && operation === hanging ? HANG : undefined
    );
    const ended = [store.init({ features: first })];
    await waitFor(() => scene.proxy.count(hanging) > 0, 'the first init to hang');
    ended.push(store.init({ features: second }));
    await waitFor(() => store.get(FEATURES, 'c'), 'the second data set');
    isHanging = false;
    await Promise.all(ended);
    assert.deepStrictEqual(await scene.rows(), [
      markerRow(),
      ...Object.values(second).map((item) => itemRow('features', item)),
    ]);
    assert.deepStrictEqual(await store.all(FEATURES), second);
    assert.strictEqual(store.stats().unsaved, 0);
    // A callback that came twice would be an uncaught exception.
    await store.init({ features: second });
  });
}

test('what refers to others is deleted before them', async (t) => {
  const scene = await newScene(t);
  const old = [
    itemRow('segments', v('a-segment', 1)),
    itemRow('features', flagReferringTo('m-flag', { segments: ['a-segment'] })),
    itemRow('features', flagReferringTo('z-flag', { prerequisites: ['m-flag'] })),
  ];
  await scene.put(...old);
  await scene.open().init({ features: {}, segments: {} });
  const deletes = scene.proxy.writes().filter(({ put }) => !put);
  const of = (key) => deletes.filter((write) => write.key === key);
  assertBefore(of('z-flag'), of('m-flag'), 'the flag before its prerequisite');
  assertBefore(of('m-flag'), of('a-segment'), 'the flag before its segment');
  assert.deepStrictEqual(await scene.rows(), [markerRow()]);
});

test('rows that DynamoDB refuses are named, and keep the marker out but not the rest', async (t) => {
  const scene = await newScene(t);
  const isBad = ({ body }) => JSON.stringify(body.RequestItems || {}).includes('refused-');
  scene.proxy.intercept((request) => (isBad(request) ? rejection() : undefined));
  const store = scene.open({ cacheTTL: 0 });
  const good = Array.from({ length: 30 }, (_, i) => v(`good-${i}`, 1));
  await store.init({ features: byKey(v('refused-1', 1), ...good, v('refused-2', 1)) });
  for (const key of ['refused-1', 'refused-2']) {
    assert.ok(scene.logger.linesWith(scene.table, key).length > 0, key);
  }
  assert.ok(scene.logger.lines.every(({ level }) => level === 'error'));
  const keys = (await scene.rows()).map(({ key }) => key.S);
  assert.deepStrictEqual(keys, good.map(({ key }) => key).sort());
  assert.strictEqual(Object.keys(await store.all(FEATURES)).length, good.length + 2);
});

test('an init that can not write everything says which rows are missing', async (t) => {
  const scene = await newScene(t);
  scene.proxy.intercept(unprocessed(1, 1));
  const store = scene.open({ writeTimeout: 1, cacheTTL: 0 });
  await store.init({ features: byKey(v('lost', 1)) });
  assert.strictEqual(scene.logger.linesWith(scene.table, 'lost').length, 1);
  assert.strictEqual(scene.logger.lines[0].level, 'error');
  assert.deepStrictEqual(await scene.rows(), []);
  assert.deepStrictEqual(await store.all(FEATURES), byKey(v('lost', 1)));
  scene.proxy.reset();
  await becomes(() => scene.rows(), [markerRow(), itemRow('features', v('lost', 1))]);
  await waitFor(() => store.stats().unsaved === 0, 'the store to know it');
});

for (const [what, data] of Object.entries({
  nothing: undefined,
  'a text': 'features',
  'a kind that is no object': { features: 5 },
  'an item that is no object': { features: { a: 5, b: v('b', 1) } },
})) {
  test(`an init with ${what} is logged, and its callback comes`, async (t) => {
    const scene = await newScene(t);
    await scene.open().init(data);
    assert.strictEqual(scene.logger.lines.length, 1);
    assert.strictEqual(scene.logger.lines[0].level, 'error');
  });
}

test('an item that is no object does not keep the others out', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0 });
  await store.init({ features: { a: null, b: v('b', 1), c: [] } });
  assert.deepStrictEqual(await store.all(FEATURES), byKey(v('b', 1)));
  assert.strictEqual(scene.logger.linesWith('"a"').length, 1);
  assert.strictEqual(scene.logger.linesWith('"c"').length, 1);
});
