'use strict';

/**
 * Stores in worker threads that end in the middle of their work, round after round: nothing may crash, and
 * neither threads nor memory may pile up.
 *
 *     node __test__/soak/workers.js [--rounds 50] [--workers 20] [--seed 1] [--addon file]
 *
 * `--addon` is another build of the addon, such as one for debugging.
 */

require('../support/environment');

const assert = require('node:assert');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const FEATURES = { namespace: 'features' };
const SEGMENTS = { namespace: 'segments' };
const FLAGS = 200;
/** How long a worker lives at most, in milliseconds. */
const LIFE_MS = 300;
/** How a worker ends. */
const ENDS = ['terminated', 'exits', 'closes', 'just ends'];
/** How much resident memory may grow after the first fifth of the rounds. */
const MEMORY_GROWTH = 60 * 1024 * 1024;

const flag = (number, version) => ({ key: `flag-${number}`, version, padding: 'x'.repeat(1000) });

function dataSet(version) {
  const flags = Array.from({ length: FLAGS }, (_, number) => flag(number, version));
  return { features: Object.fromEntries(flags.map((each) => [each.key, each])), segments: {} };
}

function work() {
  const { DynamoDBBigSegmentStore, DynamoDBFeatureStore } = require('../..');
  const { table, endpoint, number, end, lifeMs } = workerData;
  // That a store is closed with writes on their way is meant.
  const common = { clientOptions: { endpoint }, logger: { error() {}, warn() {} } };
  const cacheTTL = number % 2;
  const preload = cacheTTL > 0 && number % 3 === 0;
  const store = DynamoDBFeatureStore(table, { ...common, cacheTTL, preload });
  const segments = DynamoDBBigSegmentStore(table, common);
  let over = false;
  /** One call after the other, without an end. */
  const goOn = (step) => {
    if (over) return;
    const next = () => goOn(step + 1);
    switch (step % 6) {
      case 0:
        store.all(FEATURES, next);
        break;
      case 1:
        store.upsert(FEATURES, flag(step % FLAGS, 2 + step), next);
        break;
      case 2:
        segments.getUserMembership(`hash-${step}`).then(next, next);
        break;
      case 3:
        if (number === 1) store.init(dataSet(step), next);
        else store.initialized(next);
        break;
      case 4:
        store.delete(SEGMENTS, `segment-${step}`, 1, next);
        break;
      default:
        store.get(FEATURES, `flag-${step % FLAGS}`, next);
    }
  };
  for (let first = 0; first < 12; first += 1) goOn(first);
  parentPort.postMessage('started');
  setTimeout(() => {
    if (end === 'exits') process.exit(0);
    over = true;
    if (end === 'closes') {
      store.close();
      segments.close();
    }
  }, lifeMs);
}

/**
 * @param {object} input for the worker
 * @returns {Promise<void>} once it has ended
 */
async function runWorker(input) {
  const worker = new Worker(__filename, { workerData: input, stdout: false });
  const ended = once(worker, 'exit');
  await once(worker, 'message');
  if (input.end === 'terminated') {
    await sleep(input.lifeMs);
    await worker.terminate();
  }
  await ended;
}

function threadCount() {
  return fs.existsSync('/proc/self/task') ? fs.readdirSync('/proc/self/task').length : 0;
}

async function main() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '50' },
      workers: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      addon: { type: 'string' },
    },
  });
  if (values.addon) process.env.NAPI_RS_NATIVE_LIBRARY_PATH = path.resolve(values.addon);
  const { DynamoDBFeatureStore } = require('../..');
  const dynamodb = require('../support/dynamodb');
  const { randomNumbers } = require('../support/faults');
  const { PATIENT, promised, waitFor } = require('../support/wait');

  const rounds = Number(values.rounds);
  const random = randomNumbers(Number(values.seed));
  const engine = fork(path.join(__dirname, 'engine.js'));
  const [{ endpoint }] = await once(engine, 'message');
  const table = await dynamodb.createTable(endpoint);
  const options = { ...PATIENT, clientOptions: { endpoint }, cacheTTL: 0 };
  const own = promised(DynamoDBFeatureStore(table, options));
  await own.init(dataSet(1));

  let threads = 0;
  let memory = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const workers = Array.from({ length: Number(values.workers) }, (_, number) => {
      const end = ENDS[Math.floor(random() * ENDS.length)];
      return runWorker({ table, endpoint, number, end, lifeMs: random() * LIFE_MS });
    });
    await Promise.all(workers);
    assert.strictEqual((await own.get(FEATURES, 'flag-0')).key, 'flag-0');
    const now = { threads: threadCount(), memory: process.memoryUsage().rss };
    if (round === Math.ceil(rounds / 5)) ({ threads, memory } = now);
    const megabytes = Math.round(now.memory / 1024 / 1024);
    console.log(`round ${round}: ${now.threads} threads, ${megabytes} MB`);
  }
  own.close();
  engine.kill();
  await waitFor(() => threadCount() <= threads, `${threads} threads as at first to be left`);
  const growth = process.memoryUsage().rss - memory;
  assert.ok(growth < MEMORY_GROWTH, `resident memory has grown by ${growth} bytes`);
  console.log('All rounds have ended well.');
}

if (isMainThread) {
  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
} else {
  work();
}
