'use strict';

/**
 * Uses a store while time stands still, and prints what each callback got, and what is left in the clock.
 */

const { table, endpoint, order, now, data } = JSON.parse(process.argv[2]);

const FakeTimers = require('@sinonjs/fake-timers');

const { FEATURES, largeDataSet } = require('../../helpers/data');

/** All that there is, `process.nextTick` and the module `timers` included. */
const install = () => FakeTimers.install({ now });
let clock = order === 'before' ? install() : undefined;
const { DynamoDBBigSegmentStore, DynamoDBFeatureStore } = require('../../..');
if (order === 'after') clock = install();

const { features } = largeDataSet(data);
const options = { clientOptions: { endpoint }, readTimeout: 60 };
const store = DynamoDBFeatureStore(table, { ...options, writeTimeout: 60 });
const results = {};
const call = (method, ...args) =>
  new Promise((resolve) => store[method](...args, resolve)).then((answer) => {
    results[method] = Object.assign({}, answer);
    return answer;
  });

async function main() {
  await call('init', { features });
  await call('upsert', FEATURES, { key: 'new', version: 1 });
  results.initialized = await call('initialized');
  await call('get', FEATURES, 'new');
  const all = await call('all', FEATURES);
  results.all = Object.keys(all).length;
  results.isStoreAvailable = await call('isStoreAvailable');
  const segments = DynamoDBBigSegmentStore(table, options);
  results.membership = await segments.getUserMembership('a hash');
  results.timers = clock.countTimers();
  // A test may run all timers, until there are none.
  clock.runAll();
  store.close();
}

process.on('exit', () => process.stdout.write(JSON.stringify(results)));
main();
