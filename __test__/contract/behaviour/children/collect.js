'use strict';

/** Uses stores, drops them, and waits until the garbage collector has taken them all. */

const v8 = require('node:v8');
const vm = require('node:vm');

const { DynamoDBFeatureStore } = require('../../../..');

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

const { table, options, stores, close } = JSON.parse(process.argv[2]);

/** @returns {Promise<WeakRef<object>>} */
async function useOne() {
  const store = DynamoDBFeatureStore(table, { ...options, logger: console });
  await new Promise((resolve) => store.get({ namespace: 'features' }, 'a', resolve));
  await new Promise((resolve) => store.all({ namespace: 'features' }, resolve));
  if (close) store.close();
  return new WeakRef(store);
}

async function main() {
  const used = await Promise.all(Array.from({ length: stores }, useOne));
  while (used.some((reference) => reference.deref())) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    collectGarbage();
  }
  process.stdout.write('all collected');
}

main();
