'use strict';

/**
 * Uses a store in each of several worker threads. Half of them are terminated in the middle of their
 * work. Prints what the others and the main thread got.
 */

const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const { DynamoDBFeatureStore } = require('../../../..');

const { table, options, workers, reads } = isMainThread ? JSON.parse(process.argv[2]) : workerData;

/** Reads many times, without caching, and gives the number of items found. */
async function work() {
  const store = DynamoDBFeatureStore(table, { ...options, cacheTTL: 0 });
  const read = () => new Promise((resolve) => store.get({ namespace: 'features' }, 'a', resolve));
  const items = await Promise.all(Array.from({ length: reads }, read));
  return items.filter(Boolean).length;
}

async function main() {
  const threads = Array.from({ length: workers }, () => {
    const worker = new Worker(__filename, { workerData: { table, options, reads } });
    const started = new Promise((resolve) => worker.once('message', resolve));
    return { worker, started };
  });
  const results = threads.map(async ({ worker, started }, i) => {
    await started;
    if (i % 2) {
      await worker.terminate();
      return 'terminated';
    }
    return new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', resolve);
    });
  });
  process.stdout.write(JSON.stringify([await work(), ...(await Promise.all(results))]));
}

if (isMainThread) {
  main();
} else {
  parentPort.postMessage('started');
  work().then((found) => parentPort.postMessage(found));
}
