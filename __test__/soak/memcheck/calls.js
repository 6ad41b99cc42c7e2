'use strict';

/**
 * Uses each method once, of each kind of store, in the main thread and in a worker; then an endpoint where
 * nobody answers. Arguments: the engine's endpoint and a table.
 */

require('../../support/environment');

const { Worker, isMainThread, workerData } = require('node:worker_threads');

const { DynamoDBBigSegmentStore, DynamoDBFeatureStore } = require('../../..');

const FEATURES = { namespace: 'features' };
const FLAG = { key: 'a', version: 1 };
const CALLS = [
  ['init', { features: { a: FLAG, b: { key: 'b', version: 1 } }, segments: {} }],
  ['upsert', FEATURES, { key: 'c', version: 1 }],
  ['delete', FEATURES, 'c', 2],
  ['get', FEATURES, 'a'],
  ['get', FEATURES, 'unknown'],
  ['all', FEATURES],
  ['initialized'],
  ['isStoreAvailable'],
];

async function main(endpoint, table) {
  for (const options of [{}, { cacheTTL: 0 }, { preload: true, prefix: 'p' }]) {
    const store = DynamoDBFeatureStore(table, { ...options, clientOptions: { endpoint } });
    for (const [method, ...args] of CALLS) {
      await new Promise((resolve) => store[method](...args, resolve));
    }
    store.stats();
    store.close();
  }
  const segments = DynamoDBBigSegmentStore(table, { clientOptions: { endpoint } })();
  await segments.getMetadata();
  await segments.getUserMembership('hash');
  segments.close();
  const options = { readTimeout: 0.1, clientOptions: { endpoint: 'http://127.0.0.1:1' } };
  const logger = { error() {}, warn() {} };
  const store = DynamoDBFeatureStore('nowhere', { ...options, logger });
  await new Promise((resolve) => store.get(FEATURES, 'a', resolve));
  store.close();
}

if (isMainThread) {
  const [endpoint, table] = process.argv.slice(2);
  main(endpoint, table).then(() => new Worker(__filename, { workerData: [endpoint, table] }));
} else {
  main(...workerData);
}
