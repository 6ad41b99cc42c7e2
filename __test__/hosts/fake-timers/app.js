'use strict';

/**
 * Uses a store while time stands still, and prints what each callback got, and what is left in the clock.
 */

const { table, endpoint, order, fakes, now, data } = JSON.parse(process.argv[2]);

const { mock } = require('node:test');

const FakeTimers = require('@sinonjs/fake-timers');

const { FEATURES, largeDataSet } = require('../../support/data');

const { clearInterval, setInterval } = require('node:timers');

/** All that there is, `process.nextTick` and the module `timers` included. */
const installSinons = () => FakeTimers.install({ now });
const installNodes = () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
  return { countTimers: () => 0, runAll: () => mock.timers.runAll() };
};
const install = fakes === 'sinon' ? installSinons : installNodes;
/** Node's own, without which the process would end. */
const alive = setInterval(() => {}, 2 ** 30);
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
  results.seesChanges = await seesChanges();
  results.timers = clock.countTimers();
  // A test may run all timers, until there are none.
  clock.runAll();
  await store.close();
  clearInterval(alive);
}

/** @returns {Promise<boolean>} whether a store sees what another one changes, however the clock stands */
async function seesChanges() {
  const reader = DynamoDBFeatureStore(table, { ...options, cacheTTL: 0.01 });
  const read = () => new Promise((resolve) => reader.get(FEATURES, 'new', resolve));
  await read();
  await call('upsert', FEATURES, { key: 'new', version: 2 });
  for (let i = 0; i < 100; i += 1) {
    await new Promise((resolve) => {
      const timer = setInterval(() => {
        clearInterval(timer);
        resolve(undefined);
      }, 20);
    });
    if ((await read()).version === 2) return true;
  }
  return false;
}

process.on('exit', () => process.stdout.write(JSON.stringify(results)));
main();
