'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { OF_OWN_CLIENT } = require('../../support/connection');
const { FEATURES, SEGMENTS, itemRow, markerRow } = require('../../support/data');
const { HANG, RESET } = require('../../support/engine-proxy');
const {
  answerWith,
  breakdown,
  failPage,
  failure,
  hang,
  limitPages,
  rejection,
} = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { BRIEF, IMPATIENT, becomes } = require('../../support/wait');

const newScene = scenes();

const flag = { key: 'a', version: 1, on: true };
const flags = Object.fromEntries(
  ['a', 'b', 'c', 'd', 'e'].map((key) => [key, { key, version: 1, on: true }])
);
const rows = Object.values(flags).map((item) => itemRow('features', item));

/** Every method, and what it answers when DynamoDB does not answer. */
const CALLS = {
  get: [(store) => store.get(FEATURES, 'a'), null],
  all: [(store) => store.all(FEATURES), null],
  initialized: [(store) => store.initialized(), false],
  init: [(store) => store.init({ features: flags }), undefined],
  upsert: [(store) => store.upsert(FEATURES, flag), undefined],
  delete: [(store) => store.delete(FEATURES, 'a', 2), undefined],
};

/** Asserts that exactly one error was logged, and that it names the table. */
function assertOneError(scene, what) {
  const errors = scene.logger.lines.filter(({ level }) => level === 'error');
  assert.strictEqual(errors.length, 1, `${what}: ${JSON.stringify(scene.logger.lines)}`);
  assert.ok(errors[0].message.includes(scene.table), `${what}: ${errors[0].message}`);
}

for (const [what, answer] of Object.entries({
  refused: rejection(),
  'breaking down': breakdown(),
})) {
  test(`a ${what} second page of all gives null and an error`, async (t) => {
    const scene = await newScene(t);
    await scene.put(...rows);
    const store = scene.open({ cacheTTL: 0, ...BRIEF });
    scene.proxy.intercept(limitPages(2), failPage(2, answer));
    assert.strictEqual(await store.all(FEATURES), null);
    assertOneError(scene, 'all');
    assert.strictEqual(scene.logger.linesWith('features').length, 1);
    scene.proxy.intercept(limitPages(2));
    assert.deepStrictEqual(await store.all(FEATURES), flags);
  });

  test(`a ${what} second page of init's first read changes nothing`, async (t) => {
    const scene = await newScene(t);
    await scene.put(...rows);
    const before = await scene.rows();
    const store = scene.open({ writeTimeout: 1, cacheTTL: 0 });
    scene.proxy.intercept(limitPages(2), failPage(2, answer));
    await store.init({ features: {}, segments: { s: { key: 's', version: 1 } } });
    assertOneError(scene, 'init');
    assert.deepStrictEqual(await scene.rows(), before);
    scene.proxy.intercept(limitPages(2));
    await store.init({ features: {}, segments: {} });
    await becomes(() => scene.rows(), [markerRow()]);
  });
}

for (const [method, [call, answer]] of Object.entries(CALLS)) {
  test(`${method} is answered though DynamoDB never is, and works when it is back`, async (t) => {
    const scene = await newScene(t);
    // Long enough for an engine that answers, on a busy machine, too.
    const store = scene.open({ readTimeout: 3, writeTimeout: 3, cacheTTL: 0 });
    scene.proxy.intercept(hang());
    assert.strictEqual(await call(store), answer);
    assertOneError(scene, method);
    scene.proxy.reset();
    await store.upsert(SEGMENTS, { key: 's', version: 1 });
    assert.ok(await store.get(SEGMENTS, 's'));
    await call(store);
    assertOneError(scene, method);
  });

  test(`${method} is answered though DynamoDB breaks every connection`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ ...IMPATIENT, cacheTTL: 0 });
    scene.proxy.intercept(answerWith(RESET));
    assert.strictEqual(await call(store), answer);
    assertOneError(scene, method);
  });

  test(
    `${method} outlives one broken connection and one throttled request`,
    OF_OWN_CLIENT,
    async (t) => {
      const scene = await newScene(t);
      await scene.put(markerRow());
      const store = scene.open({ cacheTTL: 0, ...BRIEF });
      const faults = [RESET, failure(400, 'ProvisionedThroughputExceededException')];
      scene.proxy.intercept(() => faults.shift());
      await call(store);
      assert.deepStrictEqual(faults, []);
      assert.deepStrictEqual(scene.logger.lines, []);
    }
  );

  test(`${method} is answered though what answers is not DynamoDB`, OF_OWN_CLIENT, async (t) => {
    for (const status of [200, 404, 503]) {
      const scene = await newScene(t);
      const store = scene.open({ ...IMPATIENT, cacheTTL: 0 });
      scene.proxy.intercept(answerWith({ status, body: 'Welcome!' }));
      assert.strictEqual(await call(store), answer);
      assertOneError(scene, `${method} with status ${status}`);
    }
  });
}

test('updates behind an init that is never answered get their turn', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ ...IMPATIENT, cacheTTL: 0 });
  scene.proxy.intercept(hang('Query'));
  await Promise.all([
    store.init({ features: {} }),
    store.upsert(FEATURES, flag),
    store.init({ segments: {} }),
    store.delete(FEATURES, 'b', 1),
  ]);
  scene.proxy.reset();
  await store.upsert(FEATURES, { ...flag, version: 2 });
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), { ...flag, version: 2 });
});

test('an update that is never answered does not hold up those of other keys', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0, writeTimeout: 3 });
  scene.proxy.intercept(({ body }) => (body.Item?.key.S === 'stuck' ? HANG : undefined));
  store.upsert(FEATURES, { key: 'stuck', version: 1 });
  await store.upsert(FEATURES, flag);
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
});
