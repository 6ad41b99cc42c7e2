'use strict';

/**
 * Threads that use the package, one after the other or at once, and end in every way. Prints how each of
 * them ended, step by step.
 *
 * Input: `table`, `options`, and `steps`: lists of threads that load the package at the same moment. The
 * next step begins when all of them have ended.
 */

const assert = require('node:assert');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const { flag } = require('../../../demo/flag');

/**
 * @typedef {object} Thread
 * @property {boolean} [isMain] this is the thread that runs the steps, not a new worker
 * @property {'loads' | 'opens' | 'asks' | 'is answered' | 'is done'} stage what it does before it ends
 * @property {'by itself' | 'closes' | 'exits' | 'throws' | 'is terminated' | 'goes on'} ends
 * @property {Thread[][]} [steps] what it runs before it loads the package
 */

/** What a worker throws that is to end so. */
const MEANT = 'meant';
/** A store that is closed while it writes may say that it gave up. */
const logger = { error() {}, warn() {}, info() {}, debug() {} };
const FEATURES = { namespace: 'features' };
const { table, options, steps } = isMainThread ? JSON.parse(process.argv[2]) : workerData;

let prefixes = 0;

/** Runs steps in the thread that calls. */
async function run(all, name) {
  const ends = [];
  for (const [index, threads] of all.entries())
    ends.push(await runStep(threads, `${name}.${index}`));
  return ends;
}

/**
 * @param {Thread[]} threads
 * @param {string} name
 * @returns {Promise<(string | number)[]>}
 */
async function runStep(threads, name) {
  // All of them wait here until everybody is ready to load the package.
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const workers = threads
    .filter(({ isMain }) => !isMain)
    .map((thread, i) => startWorker(thread, gate, `${name}.${i}`));
  await Promise.all(workers.map(({ ready }) => ready));
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  const own = threads.find(({ isMain }) => isMain);
  const ended = workers.map((worker) => worker.ended);
  if (own) ended.push(live(own, `${name}.main`).then(() => 'main'));
  return Promise.all(ended);
}

function startWorker(thread, gate, name) {
  const input = { table, options, thread, gate, name };
  const worker = new Worker(__filename, { workerData: input });
  let failure;
  worker.on('error', ({ message }) => {
    failure = message;
  });
  worker.on('message', (message) => {
    if (message === 'terminate me') worker.terminate();
  });
  const ready = new Promise((resolve) => worker.once('message', resolve));
  const ended = new Promise((resolve) => worker.once('exit', (code) => resolve(failure || code)));
  return { ready, ended };
}

/**
 * Does what a thread does up to its stage, and ends as it is to end.
 *
 * @param {Thread} thread
 * @param {string} name
 */
async function live({ stage, ends }, name) {
  const { DynamoDBFeatureStore } = require('../../..');
  if (stage === 'loads') return end(ends);
  prefixes += 1;
  const prefix = `${name}.${prefixes}`;
  const store = DynamoDBFeatureStore(table, { ...options, logger, prefix, cacheTTL: 0 });
  if (stage === 'opens') return end(ends, store);
  const ask = (method, ...args) => new Promise((resolve) => store[method](...args, resolve));
  if (stage !== 'is done') {
    const requests = Array.from({ length: 20 }, (_, i) => [
      ask('upsert', FEATURES, flag(`flag-${i}`)),
      ask('get', FEATURES, `flag-${i}`),
      ask('all', FEATURES),
    ]);
    if (stage === 'is answered') await Promise.race(requests.flat());
    return end(ends, store);
  }
  await ask('init', { features: { a: flag('a') }, segments: {} });
  await ask('upsert', FEATURES, flag('b', { version: 2 }));
  assert.deepStrictEqual(await ask('get', FEATURES, 'a'), flag('a'));
  assert.deepStrictEqual(Object.keys(await ask('all', FEATURES)), ['a', 'b']);
  return end(ends, store, ask);
}

function end(ends, store, ask) {
  if (ends === 'closes') store.close();
  if (ends === 'exits') process.exit(0);
  if (ends === 'throws') throw new Error(MEANT);
  if (ends === 'is terminated') {
    parentPort.postMessage('terminate me');
    setInterval(() => {}, 1000);
  }
  if (ends === 'goes on') {
    const again = () => ask('get', FEATURES, 'a').then(again);
    again();
  }
}

async function main() {
  process.stdout.write(JSON.stringify(await run(steps, 'thread')));
}

async function work() {
  const { thread, gate, name } = workerData;
  if (thread.steps) await run(thread.steps, name);
  parentPort.postMessage('ready');
  Atomics.wait(gate, 0, 0);
  await live(thread, name);
}

if (isMainThread) main();
else work();
