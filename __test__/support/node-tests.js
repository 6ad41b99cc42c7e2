'use strict';

/**
 * Runs test files with Node's own runner and counts the results. The runner's totals are not enough: a file
 * without tests passes, and so does a file whose process exits with code 0 before its tests end.
 */

const path = require('node:path');
const { run } = require('node:test');
const { spec: Spec } = require('node:test/reporters');

/** The number of files that run at the same time. Tests mostly wait. */
const CONCURRENCY = 4;
/** A guard against hanging, for one file, in milliseconds. */
const GUARD_MS = 3_600_000;
/** Tests with an SDK start with its name, version and configuration, up to a colon. */
const SDK = /^((?:ldclient|launchdarkly|@launchdarkly\/)\S* \d[^:]*): /;

/** Whether this is the event of a whole file. It only exists if the file has no tests or its process fails. */
const isFile = ({ name, file }) => path.resolve(name) === file;
const isSuite = ({ details }) => details.type === 'suite';

/**
 * @param {string[]} files
 * @param {AbortSignal} signal ends the processes of the tests
 * @returns {Promise<{passed: number, failed: number, skipped: number}>}
 */
async function runNodeTests(files, signal) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const sdks = new SdkTable();
  let withoutOutcome = 0;
  let failedSuites = 0;
  const stream = run({ files, concurrency: CONCURRENCY, timeout: GUARD_MS, signal });
  stream.on('test:enqueue', (event) => {
    if (!isFile(event)) withoutOutcome += 1;
  });
  stream.on('test:pass', (event) => {
    if (isFile(event)) {
      counts.failed += 1;
      console.log(`${event.file} has run no test`);
      return;
    }
    withoutOutcome -= 1;
    if (event.skip !== undefined) {
      counts.skipped += 1;
      return;
    }
    if (!isSuite(event)) counts.passed += 1;
    sdks.add(event, 'passed');
  });
  stream.on('test:fail', (event) => {
    if (!isFile(event)) withoutOutcome -= 1;
    if (isSuite(event)) failedSuites += 1;
    else counts.failed += 1;
    sdks.add(event, 'FAILED');
  });
  for await (const chunk of stream.compose(new Spec())) process.stdout.write(chunk);
  if (withoutOutcome > 0) {
    counts.failed += withoutOutcome;
    console.log(`${withoutOutcome} tests have no outcome: a process has ended before them`);
  }
  // A hook can fail a suite in which no test fails.
  if (counts.failed === 0) counts.failed = failedSuites;
  sdks.print();
  return counts;
}

/** The number of passed tests per SDK, by file. */
class SdkTable {
  constructor() {
    /** @type {Record<string, Record<string, {[outcome: string]: number}>>} */
    this.rows = {};
  }

  /**
   * @param {{name: string, file?: string}} test
   * @param {'passed' | 'FAILED'} outcome
   */
  add({ name, file = '' }, outcome) {
    const [, sdk] = SDK.exec(name) || [];
    if (sdk === undefined) return;
    const column = path.basename(file).replace(/(\.test)?\.js$/, '');
    this.rows[sdk] ??= {};
    this.rows[sdk][column] ??= {};
    const cell = this.rows[sdk][column];
    cell[outcome] = (cell[outcome] || 0) + 1;
  }

  print() {
    const shown = ({ passed = 0, FAILED }) => (FAILED ? `${passed}, ${FAILED} FAILED` : passed);
    const sorted = (object) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
    const mapped = (object, map) =>
      Object.fromEntries(sorted(object).map(([key, value]) => [key, map(value)]));
    if (Object.keys(this.rows).length === 0) return;
    console.log('\nTests passed with each SDK');
    console.table(mapped(this.rows, (cells) => mapped(cells, shown)));
  }
}

module.exports = { runNodeTests };
