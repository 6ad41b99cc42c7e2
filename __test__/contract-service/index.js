'use strict';

/**
 * Runs LaunchDarkly's contract tests: the SDKs have to pass the same ones with and without this store.
 *
 *     node __test__/contract-service/index.js [--sdk name] [--run pattern]
 *
 * `SDK_TEST_HARNESS` and `SDK_TEST_HARNESS_V3` name the harness in its versions 2 and 3. `--sdk` is one of the names
 * in `sdks.js`, and `--run` is the harness's pattern of the tests to run.
 */

require('../support/environment');

const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { createTable } = require('../support/dynamodb');
const { startDynamoDBLocal } = require('../support/dynamodb-local');
const { installBelow } = require('../support/install');
const { Unavailable } = require('../support/unavailable');
const { HARNESS, HARNESS_V3 } = require('./harness');

/** Where the harness expects DynamoDB. It has no option for that. */
const DYNAMODB_PORT = 8000;

/** A reason not to run any test, in one line. */
class Refusal extends Error {
  /**
   * @param {number} code the exit code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function main() {
  const { values } = parseArgs({ options: { sdk: { type: 'string' }, run: { type: 'string' } } });
  const missing = [HARNESS, HARNESS_V3].filter((name) => !process.env[name]);
  if (missing.length === 2) {
    const programs = "LaunchDarkly's SDK test harness, versions 2 and 3";
    throw new Refusal(
      2,
      `${HARNESS} and ${HARNESS_V3} have to name ${programs}: see CONTRIBUTING.md`
    );
  }
  for (const name of [HARNESS, HARNESS_V3]) {
    const program = process.env[name];
    if (program && !fs.existsSync(program)) throw new Refusal(2, `${name}: there is no ${program}`);
  }
  await demandPort();
  installBelow(path.join(__dirname, '..', 'sdk-suites'));
  // It needs what is installed.
  const { SUBJECTS } = require('./sdks');
  const names = values.sdk === undefined ? Object.keys(SUBJECTS) : [values.sdk];
  if (!names.every((name) => name in SUBJECTS)) {
    throw new Refusal(2, `--sdk is one of ${Object.keys(SUBJECTS).join(', ')}`);
  }
  const signal = endOfProcess();
  const { endpoint, stop } = await startDynamoDBLocal(signal, DYNAMODB_PORT);
  const logs = fs.mkdtempSync(path.join(os.tmpdir(), 'contract-'));
  console.log(`The output of the harness and of the service is in ${logs}`);
  console.log('To the harness, groups of tests are tests as well');
  try {
    const table = await createTable(endpoint);
    process.exitCode = (await testAll(names, { endpoint, table, logs, signal, values })) ? 0 : 1;
  } finally {
    stop();
  }
}

/** @throws {Refusal} if DynamoDB's port is taken */
async function demandPort() {
  const server = net.createServer();
  server.listen(DYNAMODB_PORT);
  try {
    await once(server, 'listening');
  } catch (error) {
    const line = `port ${DYNAMODB_PORT}, where the harness expects DynamoDB, can't be used`;
    throw new Refusal(1, `${line}: ${error.code === 'EADDRINUSE' ? 'it is taken' : error.code}`);
  }
  await new Promise((resolve) => server.close(resolve));
}

/** @returns {AbortSignal} aborts at the end of this process */
function endOfProcess() {
  const controller = new AbortController();
  process.on('exit', () => controller.abort());
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => process.exit(1));
  return controller.signal;
}

/**
 * @param {string[]} names
 * @param {{endpoint: string, table: string, logs: string, signal: AbortSignal, values: {run?: string}}} parts
 * @returns {Promise<boolean>} whether the store passes
 */
async function testAll(names, { values, ...parts }) {
  const { SUBJECTS } = require('./sdks');
  const { Subject } = require('./subject');
  let ran = 0;
  let defects = 0;
  for (const name of names) {
    const { sdk, harness } = SUBJECTS[name];
    const program = process.env[harness];
    if (!program) {
      console.log(`\n${sdk.title}: left out, because ${harness} is not set`);
      continue;
    }
    console.log(`\n${sdk.title}`);
    const subject = new Subject({ ...parts, name, program, pattern: values.run });
    defects += await subject.test();
    ran += subject.ran;
  }
  if (ran === 0) console.log('\nNo test has run');
  else console.log(defects > 0 ? `\n${defects} tests fail because of the store` : '\nPassed');
  return ran > 0 && defects === 0;
}

main().catch((error) => {
  const isExpected = error instanceof Refusal || error instanceof Unavailable;
  console.error(isExpected ? error.message : error);
  process.exit(error instanceof Refusal ? error.code : 1);
});
