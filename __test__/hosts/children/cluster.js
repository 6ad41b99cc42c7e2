'use strict';

/**
 * Uses the package in processes of a cluster, round after round: in some of them workers end by
 * themselves, in others they exit or are killed in the middle of their requests. The primary process
 * does not load it before the last round. Prints how each worker ended.
 *
 * Input: `table` and `options`.
 */

const cluster = require('node:cluster');

const { flag } = require('../../../demo/flag');

const { table, options } = JSON.parse(process.argv[2]);
const FEATURES = { namespace: 'features' };
const ENDS = ['by itself', 'exits', 'is killed', 'by itself'];

function open() {
  const { DynamoDBFeatureStore } = require('../../..');
  return DynamoDBFeatureStore(table, { ...options, cacheTTL: 0 });
}

async function use(store) {
  const item = await new Promise((resolve) => store.get(FEATURES, 'a', resolve));
  return item?.key;
}

async function work(ends) {
  const store = open();
  const found = await use(store);
  for (let i = 0; i < 20 && ends !== 'by itself'; i += 1) {
    store.upsert(FEATURES, flag(`flag-${i}`), () => {});
  }
  if (ends === 'exits') process.exit(found === 'a' ? 3 : 4);
  await new Promise((resolve) => process.send(found, resolve));
  if (ends === 'by itself') process.disconnect();
}

/** @returns {Promise<any[]>} what a worker found, and its exit code and signal */
function runWorker(ends) {
  const worker = cluster.fork({ HOST_ENDS: ends });
  let found;
  worker.once('message', (message) => {
    found = message;
    if (ends === 'is killed') worker.process.kill('SIGKILL');
  });
  return new Promise((resolve) => {
    worker.once('exit', (code, signal) => resolve([found, code, signal]));
  });
}

async function main() {
  const rounds = [];
  for (let round = 0; round < 2; round += 1) rounds.push(await Promise.all(ENDS.map(runWorker)));
  const last = await Promise.all([use(open()), ...ENDS.map(runWorker)]);
  process.stdout.write(JSON.stringify([...rounds, last]));
}

if (cluster.isPrimary) main();
else work(process.env.HOST_ENDS);
