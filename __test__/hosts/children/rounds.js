'use strict';

/**
 * Loads the package in worker threads alone, which then end, round after round.
 *
 * Input: `rounds`, and how many `workers` at a time.
 */

const { Worker } = require('node:worker_threads');

const { rounds, workers } = JSON.parse(process.argv[2]);
const CODE = `require(${JSON.stringify(require.resolve('../../..'))})`;

const runWorker = () =>
  new Promise((resolve, reject) => {
    const worker = new Worker(CODE, { eval: true });
    worker.once('error', reject);
    worker.once('exit', resolve);
  });

async function main() {
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(Array.from({ length: workers }, runWorker));
  }
  process.stdout.write('all rounds');
}

main();
