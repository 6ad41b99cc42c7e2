'use strict';

/**
 * Runs test files with Node's own runner, and counts. The runner's own totals are not enough: a file without
 * a test passes, and so does one whose process ends with exit code 0 before its tests have ended.
 */

const path = require('node:path');
const { run } = require('node:test');
const { spec: Spec } = require('node:test/reporters');

/** Files that run at the same time; most of their time they wait. */
const CONCURRENCY = 4;
/** Only a guard against hanging, for one file. */
const GUARD_MS = 3_600_000;
/** Tests with an SDK have its name, its version and how it was configured before a colon. */
const SDK = /^((?:ldclient|launchdarkly|@launchdarkly\/)\S* \d[^:]*): /;

/** The event of a file as a whole; there is one only where the file has no tests, or its process fails. */
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
  // A suite may fail without a test of it, in a hook.
  if (counts.failed === 0) counts.failed = failedSuites;
  sdks.print();
  return counts;
}

/** How many tests passed with each SDK, by file. */
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
