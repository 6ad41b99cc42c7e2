'use strict';

/**
 * The package at work in whatever Node this is: the store by itself in a worker thread that ends, in
 * another one, and in the main thread; there also big segments, and an SDK client in daemon mode. Ends by
 * itself, with an error when anything is amiss.
 *
 * Written for the oldest Node that the package runs on.
 */

const assert = require('assert');
const crypto = require('crypto');
const { Worker, isMainThread, workerData } = require('worker_threads');

const { flag: anyFlag } = require('../../../demo/flag');

const input = isMainThread ? JSON.parse(process.argv[2]) : workerData;
const { folder, table, endpoint, sdk, hasBigSegments, isUser } = input;
const FEATURES = { namespace: 'features' };
const SEGMENT_OPTIONS = { clientOptions: { endpoint }, readTimeout: 60 };
const OPTIONS = Object.assign({ writeTimeout: 60 }, SEGMENT_OPTIONS);
const HASH = crypto.createHash('sha256').update('ada').digest('base64');

const flag = (key, members) =>
  anyFlag(key, Object.assign({ variations: ['first', 'second'] }, members));

const inSegment = (segment) => ({
  rules: [
    {
      id: segment,
      variation: 1,
      clauses: [{ attribute: '', op: 'segmentMatch', values: [segment], negate: false }],
    },
  ],
});

const DATA = {
  features: {
    plain: flag('plain'),
    staff: flag('staff', inSegment('staff')),
    big: flag('big', inSegment('big')),
  },
  segments: {
    staff: { key: 'staff', version: 1, included: ['ada'], excluded: [], rules: [], salt: 'salt' },
    big: { key: 'big', version: 1, unbounded: true, generation: 2, rules: [], salt: 'salt' },
  },
};

/** Calls a method of a store. */
function ask(store, method, ...args) {
  return new Promise((resolve) => store[method](...args, resolve));
}

async function useStore(root, prefix) {
  const store = root(table, Object.assign({ prefix }, OPTIONS));
  assert.strictEqual(await ask(store, 'initialized'), false);
  await ask(store, 'init', DATA);
  assert.strictEqual(await ask(store, 'initialized'), true);
  assert.deepStrictEqual(await ask(store, 'get', FEATURES, 'plain'), DATA.features.plain);
  assert.deepStrictEqual(await ask(store, 'all', FEATURES), DATA.features);
  await ask(store, 'upsert', FEATURES, flag('plain', { version: 2, on: false }));
  await ask(store, 'delete', FEATURES, 'staff', 3);
  store.close();

  const other = root.DynamoDBFeatureStore(table, Object.assign({ prefix }, OPTIONS));
  assert.deepStrictEqual(
    await ask(other, 'get', FEATURES, 'plain'),
    flag('plain', { version: 2, on: false })
  );
  assert.deepStrictEqual(Object.keys(await ask(other, 'all', FEATURES)).sort(), ['big', 'plain']);
  assert.strictEqual(other.stats().unsaved, 0);
  other.close();
}

async function useBigSegments(root) {
  const store = root.DynamoDBBigSegmentStore(table, SEGMENT_OPTIONS);
  assert.deepStrictEqual(Object.assign({}, await store.getUserMembership(HASH)), {
    'big.g2': true,
  });
  assert.ok((await store.getMetadata()).lastUpToDate > 0);
  store.close();
}

async function useSdk(root) {
  const LaunchDarkly = require(sdk);
  const writer = root(table, OPTIONS);
  await ask(writer, 'init', DATA);
  writer.close();
  const bigSegments = {
    store: root.DynamoDBBigSegmentStore(table, SEGMENT_OPTIONS),
  };
  const config = {
    featureStore: root(table, OPTIONS),
    useLdd: true,
    sendEvents: false,
    logger: { error: console.error, warn: console.error, info() {}, debug() {} },
  };
  if (hasBigSegments) Object.assign(config, { bigSegments });
  const client = LaunchDarkly.init('sdk-key', config);
  await client.waitForInitialization({ timeout: 60 });
  const subject = (key) => (isUser ? { key } : { kind: 'user', key });
  const values = async (key) => [
    await client.variation('plain', subject(key), 'none'),
    await client.variation('staff', subject(key), 'none'),
    await client.variation('no-such-flag', subject(key), 'none'),
  ];
  assert.deepStrictEqual(await values('ada'), ['first', 'second', 'none']);
  assert.deepStrictEqual(await values('ben'), ['first', 'first', 'none']);
  if (hasBigSegments) {
    assert.strictEqual(await client.variation('big', subject('ada'), 'none'), 'second');
    assert.strictEqual(await client.variation('big', subject('ben'), 'none'), 'first');
  }
  client.close();
}

/** The package is loaded only now, and by a worker first. */
const loadPackage = () => require(folder);

async function runWorker(prefix) {
  const worker = new Worker(__filename, { workerData: Object.assign({ prefix }, input) });
  const code = await new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', resolve);
  });
  assert.strictEqual(code, 0);
}

async function main() {
  await runWorker('first worker');
  await runWorker('second worker');
  const root = loadPackage();
  await useStore(root, 'own');
  await useBigSegments(root);
  await useSdk(root);
}

const run = isMainThread ? main : () => useStore(loadPackage(), input.prefix);

run().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
