'use strict';

/**
 * The package at work in whatever Node this is: the store by itself, big segments, and an SDK client in
 * daemon mode. Ends by itself, with an error when anything is amiss.
 *
 * Written for the oldest Node that the package runs on.
 */

const assert = require('assert');
const crypto = require('crypto');

const root = require('../..');
const { flag: anyFlag } = require('../../demo/flag');

const { table, endpoint, sdk, hasBigSegments, isUser } = JSON.parse(process.argv[2]);
const FEATURES = { namespace: 'features' };
const OPTIONS = { clientOptions: { endpoint }, readTimeout: 60, writeTimeout: 60 };
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

async function useStore() {
  const store = root(table, Object.assign({ prefix: 'own' }, OPTIONS));
  assert.strictEqual(await ask(store, 'initialized'), false);
  await ask(store, 'init', DATA);
  assert.strictEqual(await ask(store, 'initialized'), true);
  assert.deepStrictEqual(await ask(store, 'get', FEATURES, 'plain'), DATA.features.plain);
  assert.deepStrictEqual(await ask(store, 'all', FEATURES), DATA.features);
  await ask(store, 'upsert', FEATURES, flag('plain', { version: 2, on: false }));
  await ask(store, 'delete', FEATURES, 'staff', 3);
  store.close();

  const other = root.DynamoDBFeatureStore(table, Object.assign({ prefix: 'own' }, OPTIONS));
  assert.deepStrictEqual(
    await ask(other, 'get', FEATURES, 'plain'),
    flag('plain', { version: 2, on: false })
  );
  assert.deepStrictEqual(Object.keys(await ask(other, 'all', FEATURES)).sort(), ['big', 'plain']);
  assert.strictEqual(other.stats().unsaved, 0);
  other.close();
}

async function useBigSegments() {
  const store = root.DynamoDBBigSegmentStore(table, { clientOptions: { endpoint } });
  assert.deepStrictEqual(Object.assign({}, await store.getUserMembership(HASH)), {
    'big.g2': true,
  });
  assert.ok((await store.getMetadata()).lastUpToDate > 0);
  store.close();
}

async function useSdk() {
  const LaunchDarkly = require(sdk);
  const writer = root(table, OPTIONS);
  await ask(writer, 'init', DATA);
  writer.close();
  const bigSegments = {
    store: root.DynamoDBBigSegmentStore(table, { clientOptions: { endpoint } }),
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

async function main() {
  await useStore();
  await useBigSegments();
  await useSdk();
}

main().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
