'use strict';

/**
 * Reads with stores in the environment of a thread, on a machine as in `../machine.js`.
 *
 * Input: `thread`, one of those below.
 */

const assert = require('node:assert');
const { SHARE_ENV, Worker, isMainThread, workerData } = require('node:worker_threads');

const root = require('../../..');
const { openStore, readInEach, scenarios } = require('../inside');

const THREADS = {
  'the main thread': () => readInEach(root),
  'a worker': () => runWorker({}),
  'a worker of a worker': () => runWorker({ workerData: { thread: 'a worker' } }),
  'a worker that shares the environment': () => runWorker({ env: SHARE_ENV }),
  'a worker that was given an environment': async () => {
    for (const { settings, item } of scenarios()) {
      const env = Object.fromEntries(settings.filter(([, value]) => value !== null));
      await runWorker({ env, workerData: { thread: 'itself', item } });
    }
  },
  itself: async () => assert.deepStrictEqual(await openStore(root)(), workerData.item),
};

function runWorker(options) {
  const given = { workerData: { thread: 'the main thread' }, ...options };
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, given);
    worker.once('error', reject);
    worker.once('exit', resolve);
  });
}

const { thread } = isMainThread ? JSON.parse(process.argv[2]) : workerData;
THREADS[thread]();
