'use strict';

/** Ends the process while calls are under way, some of them on their way back. */

const { DynamoDBFeatureStore } = require('../../../..');

const { table, options, calls } = JSON.parse(process.argv[2]);
const store = DynamoDBFeatureStore(table, options);

function start() {
  for (const [method, ...args] of calls) store[method](...args, () => {});
}

start();
store.get({ namespace: 'features' }, 'a', () => {
  start();
  setImmediate(() => process.exit(0));
});
