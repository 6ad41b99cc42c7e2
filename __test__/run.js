'use strict';

/**
 * Runs the tests against real engines: dynalite, and DynamoDB Local where there is Java.
 *
 *     node __test__/run.js [--engine dynalite|local] [--client kind] [test files and folders]
 *
 * With `--client`, stores reach the engine through a client of that kind, one of
 * `contract/js-clients/clients.js`; `all` is one kind after the other.
 *
 * With files or folders, only the tests there are run, else all of them and the suites that the SDKs ship.
 */

require('./support/environment');

const path = require('node:path');
const { parseArgs } = require('node:util');

const { startDynamoDBLocal } = require('./support/dynamodb-local');
const { Matrix } = require('./support/matrix');
const { runNodeTests, testFiles } = require('./support/node-tests');
const { install } = require('./support/install');
const { installPython } = require('./support/python');
const { FOLDERS, installSdks, runSdkSuites } = require('./support/sdk-suites');
const { tableText } = require('./support/table');
const { Unavailable } = require('./support/unavailable');

/** In CI nothing may be left out. */
const IS_CI = process.env.CI === 'true';
/** Folders with packages that only the tests there need. */
const CLIENTS = path.join(__dirname, 'contract', 'js-clients');
const BUNDLES = path.join(__dirname, 'package', 'bundles');
const DOCUMENTATION = path.join(__dirname, 'documentation');
const FAKE_TIMERS = path.join(__dirname, 'hosts', 'fake-timers');
const TRACING = path.join(__dirname, 'contract', 'js-clients', 'tracing');
const INTEROP = path.join(__dirname, 'interop');
/** Folders with tests that say the same on any engine. */
const ON_ONE_ENGINE = ['hosts', 'package', path.join('contract', 'js-clients', 'tracing')].map(
  (name) => path.join(__dirname, name)
);
const ENGINES = {
  // Each test file and suite starts one of its own.
  dynalite: { name: 'dynalite', start: async () => ({ endpoint: undefined, stop: () => {} }) },
  local: { name: 'DynamoDB Local', start: startDynamoDBLocal },
};

/**
 * @typedef {{suite: string, engine: string, client?: string, passed: number, failed: number,
 *   skipped: number}} Row
 */

async function main() {
  const { engines, clients, files } = readArguments();
  installSdks();
  const folders = [CLIENTS, BUNDLES, DOCUMENTATION, FAKE_TIMERS, TRACING];
  for (const folder of folders) install(folder);
  /** @type {Row[]} */
  const table = preparePython(files);
  for (const client of clients) {
    if (client) process.env.STORE_CLIENT = client;
    for (const engine of engines) {
      const rows = await runOn(engine, files);
      table.push(...rows.map((row) => ({ ...row, client: client || "the store's own" })));
    }
  }
  process.exitCode = printSummary(table) ? 0 : 1;
}

/**
 * @param {string[]} files the tests to run; none for all
 * @returns {Row[]} what is left out
 */
function preparePython(files) {
  const isNeeded = files.length === 0 || files.some((file) => file.startsWith(INTEROP + path.sep));
  if (!isNeeded) return [];
  try {
    installPython();
    return [];
  } catch (error) {
    return [leftOut('the tests with Python', '', error)];
  }
}

/**
 * @param {string} what
 * @param {string} engine
 * @param {unknown} error
 * @returns {Row}
 */
function leftOut(what, engine, error) {
  if (!(error instanceof Unavailable)) throw error;
  console.log(`\nNOTICE: ${what} can't be run: ${error.message}`);
  const counts = { passed: 0, failed: 0, skipped: 0, [IS_CI ? 'failed' : 'skipped']: 1 };
  return { suite: `${what}: ${error.message}`, engine, client: '', ...counts };
}

function readArguments() {
  const { values, positionals } = parseArgs({
    options: { engine: { type: 'string' }, client: { type: 'string' } },
    allowPositionals: true,
  });
  if (values.engine !== undefined && !Object.hasOwn(ENGINES, values.engine)) {
    throw new Error(`--engine is one of ${Object.keys(ENGINES).join(', ')}`);
  }
  const engines = values.engine ? [ENGINES[values.engine]] : Object.values(ENGINES);
  const files = positionals.flatMap((place) => testFiles(path.resolve(place)));
  return { engines, clients: clientKinds(values.client), files };
}

/**
 * @param {string} [wanted]
 * @returns {(string | undefined)[]} nothing for the store's own client
 */
function clientKinds(wanted) {
  if (wanted === undefined) return [undefined];
  install(CLIENTS);
  const kinds = Object.keys(require('./contract/js-clients/clients').CLIENTS);
  if (wanted !== 'all' && !kinds.includes(wanted)) {
    throw new Error(`--client is all or one of ${kinds.join(', ')}`);
  }
  return wanted === 'all' ? kinds : [wanted];
}

/**
 * @param {{name: string, start: () => Promise<{endpoint?: string, stop: () => void}>}} engine
 * @param {string[]} files
 * @returns {Promise<Row[]>}
 */
async function runOn(engine, files) {
  let running;
  try {
    running = await engine.start();
  } catch (error) {
    return [leftOut('all', engine.name, error)];
  }
  delete process.env.DYNAMODB_ENDPOINT;
  if (running.endpoint) process.env.DYNAMODB_ENDPOINT = running.endpoint;
  try {
    console.log(`\nOn ${engine.name}`);
    /** @type {Row[]} */
    const table = [];
    const matrix = new Matrix();
    const tests = await runNodeTests(files.length > 0 ? files : filesFor(engine), matrix);
    console.log(`\n${matrix}`);
    table.push({ suite: 'node tests', engine: engine.name, ...tests });
    for (const folder of files.length > 0 ? [] : FOLDERS) {
      table.push({ suite: `SDK ${folder}`, engine: engine.name, ...(await runSdkSuites(folder)) });
    }
    return table;
  } finally {
    running.stop();
  }
}

/**
 * @param {{name: string}} engine
 * @returns {string[]} the tests that are run on it
 */
function filesFor(engine) {
  if (engine === ENGINES.dynalite) return testFiles();
  const isOnce = (/** @type {string} */ file) =>
    ON_ONE_ENGINE.some((folder) => file.startsWith(folder + path.sep));
  return testFiles().filter((file) => !isOnce(file));
}

/**
 * @param {Row[]} table
 * @returns {boolean} whether all is well
 */
function printSummary(table) {
  const columns = ['suite', 'engine', 'client', 'passed', 'failed', 'skipped'];
  const lines = [columns, ...table.map((row) => columns.map((column) => String(row[column])))];
  console.log(`\n${tableText(lines)}`);
  const sum = (column) => table.reduce((total, row) => total + row[column], 0);
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(sum);
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 && passed + skipped > 0;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
