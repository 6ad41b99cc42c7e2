'use strict';

/**
 * Reads flags one after the other, in rounds, and prints after each round what the process holds.
 *
 * Input: `table`, `options`, `rounds` (lists of keys).
 */

const v8 = require('node:v8');
const vm = require('node:vm');

const { DynamoDBFeatureStore } = require('../../../..');

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

const { table, options, rounds } = JSON.parse(process.argv[2]);
const FEATURES = { namespace: 'features' };

async function main() {
  const store = DynamoDBFeatureStore(table, options);
  const results = [];
  for (const keys of rounds) {
    let found = 0;
    let mostBytes = 0;
    for (const key of keys) {
      const item = await new Promise((resolve) => store.get(FEATURES, key, resolve));
      if (item && item.key === key) found += 1;
      mostBytes = Math.max(mostBytes, store.stats().bytes);
    }
    for (let i = 0; i < 3; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collectGarbage();
    }
    const { heapUsed, rss } = process.memoryUsage();
    results.push({ found, mostBytes, items: store.stats().items, heapUsed, rss });
  }
  process.stdout.write(JSON.stringify(results));
}

main();
