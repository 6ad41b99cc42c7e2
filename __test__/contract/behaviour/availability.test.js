'use strict';

/** Health checks: whether the store is available. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES } = require('../../support/data');
const { answerWith, breakdown, hang } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { waitFor } = require('../../support/wait');

const newScene = scenes();
/** The engine is fast enough, however busy the machine is. */
const PATIENTLY = { availabilityTimeout: 60 };
const ask = (store) => Promise.all(Array.from({ length: 20 }, () => store.isStoreAvailable()));

test('one request answers all who ask', async (t) => {
  const scene = await newScene(t);
  const store = scene.open(PATIENTLY);
  assert.deepStrictEqual(await ask(store), Array(20).fill(true));
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1 });
});

test('it is false after availabilityTimeout, and then at once, until DynamoDB answers', async (t) => {
  const scene = await newScene(t);
  scene.proxy.intercept(hang());
  const store = scene.open({ availabilityTimeout: 1 });
  assert.deepStrictEqual(await ask(store), Array(20).fill(false));
  // On a busy machine it may have been given up before it was sent.
  assert.ok(scene.proxy.count('GetItem') <= 1);
  scene.proxy.intercept();
  await waitFor(() => store.isStoreAvailable(), 'it to be available');
  if (scene.proxy.count('GetItem') === 2) assert.deepStrictEqual(scene.logger.lines, []);
});

test('it is false without a request while reads are known to fail', async (t) => {
  const scene = await newScene(t);
  scene.proxy.intercept(answerWith(breakdown()));
  const store = scene.open({ readTimeout: 1 });
  assert.strictEqual(await store.get(FEATURES, 'a'), null);
  let withoutRequest = 0;
  await waitFor(async () => {
    const before = scene.proxy.count('GetItem');
    assert.strictEqual(await store.isStoreAvailable(), false);
    withoutRequest += scene.proxy.count('GetItem') === before ? 1 : 0;
    return withoutRequest >= 20;
  }, 'twenty answers without a request');
});

test('it is false while nothing listens', async (t) => {
  const scene = await newScene(t);
  const store = scene.open(PATIENTLY);
  assert.strictEqual(await store.isStoreAvailable(), true);
  await scene.proxy.leave();
  assert.strictEqual(await store.isStoreAvailable(), false);
  await scene.proxy.comeBack();
  await waitFor(() => store.isStoreAvailable(), 'it to be available');
});

test('an availabilityTimeout that is no time is a TypeError', async (t) => {
  const scene = await newScene(t);
  for (const availabilityTimeout of [0, -1, NaN, '1', true]) {
    assert.throws(() => scene.value({ availabilityTimeout }), /availabilityTimeout/);
  }
});
