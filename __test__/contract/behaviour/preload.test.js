'use strict';

/** Reading everything before anybody asks. */

const assert = require('node:assert');
const { test } = require('node:test');

const {
  FEATURES,
  SEGMENTS,
  flagReferringTo,
  itemRow,
  segmentReferringTo,
} = require('../../support/data');
const { answerWith, breakdown, hang, holdBack, rejection } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { ENDLESS, gate, promised, waitFor } = require('../../support/wait');

const newScene = scenes();

const FLAGS = 50;
const segments = ['s', 't'].map((key) => segmentReferringTo(key, { segments: ['s'] }));
const flags = Array.from({ length: FLAGS }, (_, i) =>
  flagReferringTo(`flag-${i}`, {
    prerequisites: i > 0 ? [`flag-${i - 1}`] : [],
    segments: ['s', 't'],
  })
);

async function sceneWithFlags(t, prefix) {
  const scene = await newScene(t);
  const namespace = (kind) => (prefix ? `${prefix}:${kind}` : kind);
  await scene.put(...flags.map((flag) => itemRow(namespace('features'), flag)));
  await scene.put(...segments.map((segment) => itemRow(namespace('segments'), segment)));
  return scene;
}

/** Reads each flag, and what it refers to, at the same time. */
async function readEverything(store) {
  const items = await Promise.all([
    ...flags.map(({ key }) => store.get(FEATURES, key)),
    ...segments.map(({ key }) => store.get(SEGMENTS, key)),
  ]);
  assert.deepStrictEqual(items, [...flags, ...segments]);
}

for (const prefix of [undefined, 'p']) {
  test(`a preload with prefix ${prefix} reads all flags and segments at once`, async (t) => {
    const scene = await sceneWithFlags(t, prefix);
    const store = scene.open({ ...ENDLESS, prefix, preload: true });
    await readEverything(store);
    assert.strictEqual(Object.keys(await store.all(FEATURES)).length, FLAGS);
    assert.deepStrictEqual(scene.proxy.requests, { Query: 2 });
  });
}

test('the first reads of all views wait for the preload', async (t) => {
  const scene = await sceneWithFlags(t);
  const held = gate();
  scene.proxy.intercept(holdBack(held));
  const value = scene.value({ ...ENDLESS, preload: true });
  const reads = [value, value(), value({})].map((view) => readEverything(promised(view)));
  const all = promised(value).all(SEGMENTS);
  // A kind that is not preloaded doesn't wait, and is read after the others.
  const unrelated = promised(value).get({ namespace: 'other' }, 'key');
  await waitFor(() => scene.proxy.count('GetItem') > 0, 'the unrelated read');
  assert.deepStrictEqual(scene.proxy.requests, { Query: 2, GetItem: 1 });
  held.open();
  await Promise.all([...reads, unrelated]);
  assert.deepStrictEqual(Object.keys(await all), ['s', 't']);
  assert.deepStrictEqual(scene.proxy.requests, { Query: 2, GetItem: 1 });
});

for (const [what, fault] of Object.entries({
  'is refused': answerWith(rejection(), 'Query'),
  'breaks down': answerWith(breakdown(), 'Query'),
})) {
  test(`after a preload that ${what}, reads ask for themselves`, async (t) => {
    const scene = await sceneWithFlags(t);
    scene.proxy.intercept(fault);
    const store = scene.open({ preload: true, readTimeout: 10 });
    await readEverything(store);
    assert.strictEqual(scene.proxy.count('GetItem'), FLAGS + segments.length);
    await waitFor(() => scene.logger.linesWith('features').length > 0, 'a line');
  });
}

test('during a preload that is never answered, reads ask for themselves in time', async (t) => {
  const scene = await sceneWithFlags(t);
  scene.proxy.intercept(hang('Query'));
  const store = scene.open({ preload: true, readTimeout: 10 });
  await readEverything(store);
  assert.strictEqual(scene.proxy.count('GetItem'), FLAGS + segments.length);
});

test('without preload nothing is read before the first call', async (t) => {
  const [scene, control] = [await sceneWithFlags(t), await sceneWithFlags(t)];
  const store = scene.open();
  const withPreload = control.open({ preload: true });
  await readEverything(withPreload);
  assert.deepStrictEqual(control.proxy.requests, { Query: 2 });
  assert.deepStrictEqual(scene.proxy.requests, {});
  await store.get(FEATURES, 'flag-0');
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1 });
});

test('a preload is done without a call', async (t) => {
  const scene = await sceneWithFlags(t);
  const value = scene.value({ preload: true });
  await waitFor(() => value.stats().items === FLAGS + segments.length, 'the items');
  scene.proxy.reset();
  await readEverything(promised(value));
  assert.deepStrictEqual(scene.proxy.requests, {});
});
