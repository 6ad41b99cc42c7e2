'use strict';

/**
 * Reads a flag, in the main thread or in a worker with an environment of its own, and prints what came
 * and what was logged.
 *
 * Input: `options` of the store; `workerEnv`, the environment of the worker.
 */

const { writeSync } = require('node:fs');
const { Worker, isMainThread, workerData } = require('node:worker_threads');

const input = workerData || JSON.parse(process.argv[2]);

function main() {
  const { DynamoDBFeatureStore } = require('../../..');
  const { recordingLogger } = require('../../support/logger');
  const { turnOn } = require('../preload/switches');
  turnOn('loaded');
  const logger = recordingLogger();
  const store = DynamoDBFeatureStore('my-table', { ...input.options, logger });
  store.get({ namespace: 'features' }, 'a', (item) => {
    store.close();
    writeSync(1, JSON.stringify({ item, lines: logger.lines }));
  });
}

if (isMainThread && input.workerEnv) {
  const { GUARD_SWITCHES } = process.env;
  new Worker(__filename, { workerData: input, env: { ...input.workerEnv, GUARD_SWITCHES } });
} else {
  main();
}
