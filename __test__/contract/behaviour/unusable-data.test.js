'use strict';

/** Data that can't be read, written or stored is one line and one callback; the process goes on. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { FEATURES } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { answered, promised } = require('../../support/wait');

const newScene = scenes();

const SDK_9 = path.join(__dirname, '../../sdk-suites/v8-v9/node_modules/node-server-sdk-9');
/** More than what is written as JSON in one turn of the event loop. */
const MANY = 20_000;

/** A proxy that throws whatever is done with it. */
function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** What is thrown, and can't be looked at as an error can. */
const THROWN = {
  nothing: () => null,
  'a revoked proxy': revoked,
  'an object whose message throws': () => ({
    get message() {
      throw null;
    },
  }),
  'an object whose message has no text': () => ({ message: Object.create(null) }),
  'a symbol': () => Symbol('on purpose'),
};

/** Items that can't be written as JSON, by what is thrown. */
const ITEMS = {
  'a getter throws': (thrown) => ({
    key: 'bad',
    version: 1,
    get rules() {
      throw thrown();
    },
  }),
  'toJSON throws': (thrown) => ({
    key: 'bad',
    version: 1,
    toJSON() {
      throw thrown();
    },
  }),
};

/** The stores of both data models, which give no error and one for a failed write. */
const VIEWS = {
  'SDK 5 to 7': (scene) => scene.value(),
  'SDK 9': (scene) => scene.value({ sdk: require(SDK_9) })({ basicConfiguration: {} }),
};

/** Asserts what a write is answered with that failed. */
function assertFailed(generation, values) {
  const expected = generation === 'SDK 9' ? ['Error'] : [];
  const names = values.filter((value) => value !== undefined).map((value) => value.name);
  assert.deepStrictEqual(names, expected);
}

for (const [generation, view] of Object.entries(VIEWS)) {
  for (const [what, item] of Object.entries(ITEMS)) {
    for (const [thrown, make] of Object.entries(THROWN)) {
      test(`${generation}: ${what} ${thrown}: one line and a failure`, async (t) => {
        const scene = await newScene(t);
        const store = view(scene);
        const call = (method, ...args) => answered(method, (done) => store[method](...args, done));
        const features = {};
        for (let i = 0; i < MANY; i += 1) features[`k${i}`] = { key: `k${i}`, version: 1 };
        features.bad = item(make);
        assertFailed(generation, await call('init', { features }));
        assertFailed(generation, await call('upsert', FEATURES, item(make)));
        assert.strictEqual(scene.logger.lines.length, 2, JSON.stringify(scene.logger.lines));
        assert.strictEqual(scene.logger.linesWith("can't be written as JSON").length, 2);
        assert.deepStrictEqual(await scene.rows(), []);
        await call('upsert', FEATURES, { key: 'good', version: 1 });
        assert.ok(await scene.row('features', 'good'));
      });
    }
  }
}

test('kinds, keys, versions and data sets that throw are one line each', async (t) => {
  const scene = await newScene(t);
  const store = promised(scene.value());
  const throwing = (name) =>
    Object.defineProperty({ version: 1 }, name, {
      get() {
        throw revoked();
      },
    });
  const item = { key: 'a', version: 1 };
  for (const [method, args, expected] of [
    ['get', [revoked(), 'a'], null],
    ['get', [throwing('namespace'), 'a'], null],
    ['get', [FEATURES, revoked()], null],
    ['all', [revoked()], null],
    ['init', [revoked()], undefined],
    ['init', [{ features: revoked() }], undefined],
    ['init', [{ features: { a: revoked() } }], undefined],
    ['upsert', [throwing('namespace'), item], undefined],
    ['upsert', [FEATURES, revoked()], undefined],
    ['upsert', [FEATURES, Object.assign(throwing('key'), { toJSON: () => item })], undefined],
    ['delete', [FEATURES, revoked(), 1], undefined],
    ['delete', [FEATURES, 'a', revoked()], undefined],
  ]) {
    scene.logger.lines.length = 0;
    assert.strictEqual(await store[method](...args), expected, method);
    assert.strictEqual(scene.logger.lines.length, 1, JSON.stringify(scene.logger.lines));
    const [{ message }] = scene.logger.lines;
    assert.match(message, /^DynamoDBFeatureStore \[(INVALID_DATA|INTERNAL)\] table "/);
    assert.ok(message.includes(`: ${method}: `), message);
  }
  assert.deepStrictEqual(await scene.rows(), []);
});

test('an item whose key is half a surrogate pair is left out of a data set, with a line', async (t) => {
  const scene = await newScene(t);
  const features = {
    a: { key: 'a', version: 1 },
    '\ud800': { key: '\ud800', version: 1 },
    'x\udc00\ud83d\ude80': { key: 'x\udc00\ud83d\ude80', version: 1 },
    '🚀': { key: '🚀', version: 1 },
  };
  const store = scene.open();
  await store.init({ features, segments: {} });
  const expected = { a: features.a, '🚀': features['🚀'] };
  assert.deepStrictEqual(await store.all(FEATURES), expected);
  assert.deepStrictEqual(await scene.open().all(FEATURES), expected);
  assert.ok(await scene.row('$inited', '$inited'));
  assert.strictEqual(scene.logger.lines.length, 2, JSON.stringify(scene.logger.lines));
  assert.strictEqual(scene.logger.linesWith('\\ud800', '"features"', 'is left out').length, 1);
});

test('half a surrogate pair as a key is no other key', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  // What it would be turned into.
  const other = { key: '\ufffd', version: 1 };
  await store.upsert(FEATURES, other);
  assert.strictEqual(await store.get(FEATURES, '\ud800'), null);
  await store.delete(FEATURES, '\ud800', 2);
  await store.upsert(FEATURES, { key: '\ud800', version: 2 });
  assert.deepStrictEqual(await scene.item('features', '\ufffd'), other);
  assert.strictEqual(scene.logger.linesWith('\\ud800', 'surrogate').length, 3);
  assert.strictEqual(scene.logger.lines.length, 3);
});

for (const [generation, view] of Object.entries(VIEWS)) {
  test(`${generation}: half a surrogate pair in a member is JSON and is kept`, async (t) => {
    const scene = await newScene(t);
    const odd = (key) => ({
      key,
      version: 1,
      '\ud800': 1,
      salt: '\udc00',
      variations: ['\ud800\ud800\udc00'],
    });
    const store = promised(view(scene));
    await store.init({ features: { a: odd('a') }, segments: {} });
    await store.upsert(FEATURES, odd('b'));
    for (const key of ['a', 'b']) {
      assert.deepStrictEqual(await scene.item('features', key), odd(key));
      assert.strictEqual((await promised(view(scene)).get(FEATURES, key)).salt, '\udc00');
    }
    assert.deepStrictEqual(scene.logger.lines, []);
  });
}
