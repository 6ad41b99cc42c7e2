'use strict';

/**
 * Runs the tests against real engines: dynalite, and DynamoDB Local where there is Java.
 *
 *     node __test__/run.js [--engine dynalite|local] [--client kind] [test files and folders]
 *
 * With `--client`, stores reach the engine through a client of that kind, one of
 * `contract/js-clients/clients.js`; `all` is one kind after the other.
 *
 * What is more than `node --test` does: it installs what tests need, starts DynamoDB Local, and prints what
 * passed with each SDK and on each engine.
 */

require('./support/environment');

const { setMaxListeners } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { startDynamoDBLocal } = require('./support/dynamodb-local');
const { filesBelow, installBelow } = require('./support/install');
const { runNodeTests } = require('./support/node-tests');
const { leaveOut } = require('./support/unavailable');

/** Tests that don't depend on the engine, which run on the first one only. */
const ON_ANY_ENGINE = ['contract/js-clients/tracing', 'documentation', 'hosts', 'package', 'relay'];
/** How each engine is started; nothing where each test file starts one of its own. */
const ENGINES = { dynalite: undefined, local: startDynamoDBLocal };
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** @typedef {{passed: number, failed: number, skipped: number}} Counts */

async function main() {
  installBelow(__dirname);
  const { engines, clients, files } = readArguments();
  const signal = endOfProcess();
  /** @type {Record<string, Counts>} */
  const rows = {};
  for (const client of clients) {
    if (client) process.env.STORE_CLIENT = client;
    for (const engine of engines) {
      const name = client ? `${engine}, ${client}` : engine;
      rows[name] = await runOn(engine, files || filesFor(engine), signal);
    }
  }
  console.log();
  console.table(rows);
  const sum = (column) => Object.values(rows).reduce((total, row) => total + row[column], 0);
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(sum);
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed > 0 || passed + skipped === 0 ? 1 : 0;
}

function readArguments() {
  const { values, positionals } = parseArgs({
    options: { engine: { type: 'string' }, client: { type: 'string' } },
    allowPositionals: true,
  });
  const engines = chosen('engine', Object.keys(ENGINES), values.engine || 'all');
  // It needs what is installed.
  const kinds = () => Object.keys(require('./contract/js-clients/clients').CLIENTS);
  const clients = values.client ? chosen('client', kinds(), values.client) : [undefined];
  const places = positionals.map((place) => path.resolve(place));
  const files = places.length > 0 ? places.flatMap(testFiles) : undefined;
  return { engines, clients, files };
}

function chosen(option, all, value) {
  if (value === 'all') return all;
  if (!all.includes(value)) throw new Error(`--${option} is all or one of ${all.join(', ')}`);
  return [value];
}

/**
 * @param {string} place a file or a folder
 * @returns {string[]}
 */
function testFiles(place) {
  if (fs.statSync(place).isFile()) return [place];
  return filesBelow(place).filter((file) => file.endsWith('.test.js'));
}

/**
 * @param {string} engine
 * @returns {string[]} the tests that run on it unless others are chosen
 */
function filesFor(engine) {
  const isFirst = ENGINES[engine] === undefined;
  const once = ON_ANY_ENGINE.map((folder) => path.join(__dirname, folder) + path.sep);
  return testFiles(__dirname).filter(
    (file) => isFirst || !once.some((folder) => file.startsWith(folder))
  );
}

/**
 * @returns {AbortSignal} aborts at the end of this process, however it ends
 */
function endOfProcess() {
  const controller = new AbortController();
  // Each process that is started listens.
  setMaxListeners(0, controller.signal);
  for (const [name, code] of Object.entries(SIGNALS)) process.on(name, () => process.exit(code));
  process.on('exit', () => controller.abort());
  return controller.signal;
}

/**
 * @param {string} engine
 * @param {string[]} files
 * @param {AbortSignal} signal
 * @returns {Promise<Counts>}
 */
async function runOn(engine, files, signal) {
  console.log(`\nOn ${engine}`);
  delete process.env.DYNAMODB_ENDPOINT;
  const start = ENGINES[engine];
  if (start === undefined) return runNodeTests(files, signal);
  let running;
  try {
    running = await start(signal);
  } catch (error) {
    const outcome = leaveOut(`all tests on ${engine}`, error);
    return { passed: 0, failed: 0, skipped: 0, [outcome]: 1 };
  }
  process.env.DYNAMODB_ENDPOINT = running.endpoint;
  try {
    return await runNodeTests(files, signal);
  } finally {
    running.stop();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
