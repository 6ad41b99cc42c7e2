'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { childResult } = require('../../support/child');
const { FEATURES, itemRow } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { PATIENT, answered } = require('../../support/wait');

const newScene = scenes();

const flag = { key: 'a', version: 1 };
const CALLS = [
  ['init', { features: { a: flag } }],
  ['upsert', FEATURES, { key: 'b', version: 1 }],
  ['delete', FEATURES, 'c', 1],
  ['get', FEATURES, 'a'],
  ['all', FEATURES],
  ['initialized'],
];

test('a callback that throws surfaces once, and is not called again', async (t) => {
  const scene = await newScene(t);
  const methods = CALLS.map(([method]) => method);
  const options = { ...PATIENT, cacheTTL: 0, clientOptions: { endpoint: scene.engine } };
  const input = { table: scene.table, options, calls: CALLS };
  const { counts, uncaught } = await childResult('throwing-callback.js', input);
  assert.deepStrictEqual(counts, Object.fromEntries(methods.map((method) => [method, 1])));
  const expected = methods.map((method) => `uncaughtException: thrown in ${method}`);
  assert.deepStrictEqual(uncaught.sort(), expected.sort());
});

test('so does one that throws when DynamoDB can not be reached', async () => {
  const methods = CALLS.map(([method]) => method);
  const options = { clientOptions: { endpoint: 'not a url' } };
  const input = { table: 'my-table', options, calls: CALLS };
  const { counts, uncaught } = await childResult('throwing-callback.js', input);
  assert.deepStrictEqual(counts, Object.fromEntries(methods.map((method) => [method, 1])));
  assert.strictEqual(uncaught.length, methods.length);
});

test('callbacks of init, upsert and delete get nothing', async (t) => {
  const scene = await newScene(t);
  const store = scene.value();
  for (const [method, ...args] of CALLS.slice(0, 3)) {
    const values = await answered(method, (done) => store[method](...args, done));
    assert.deepStrictEqual(
      values.filter((value) => value !== undefined),
      []
    );
  }
});

test('what throws on a fresh answer does not break the store', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const store = scene.value();
  const get = () => answered('get', (callback) => store.get(FEATURES, 'a', callback));
  assert.deepStrictEqual(await get(), [flag]);
  let calls = 0;
  try {
    store.get(FEATURES, 'a', () => {
      calls += 1;
      throw new Error('on purpose');
    });
  } catch (error) {
    assert.strictEqual(error.message, 'on purpose');
  }
  assert.strictEqual(calls, 1);
  assert.deepStrictEqual(await get(), [flag]);
});

test('callbacks of calls before a close come after it', async (t) => {
  const scene = await newScene(t);
  const store = scene.value({ cacheTTL: 0 });
  const pending = CALLS.map(([method, ...args]) =>
    answered(method, (callback) => store[method](...args, callback))
  );
  store.close();
  await Promise.all(pending);
  assert.deepStrictEqual(await scene.item('features', 'b'), { key: 'b', version: 1 });
});
