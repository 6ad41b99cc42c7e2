'use strict';

/**
 * The tests of Node's own runner.
 */

const fs = require('node:fs');
const path = require('node:path');
const { run } = require('node:test');
const { spec: Spec } = require('node:test/reporters');

const { end } = require('./end');

const TESTS = path.join(__dirname, '..');
/** Folders whose files another runner runs, another command, or nobody. */
const OTHERS = ['frameworks', 'node_modules', 'sdk-suites'];
/** Files that run at the same time; most of their time they wait. */
const CONCURRENCY = 4;
/** Only a guard against hanging, for one file. */
const GUARD_MS = 3_600_000;

/**
 * @param {string} [folder] or file
 * @returns {string[]}
 */
function testFiles(folder = TESTS) {
  if (fs.statSync(folder).isFile()) return [folder];
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return OTHERS.includes(entry.name) ? [] : testFiles(file);
    return entry.name.endsWith('.test.js') ? [file] : [];
  });
}

/**
 * @param {string[]} files
 * @param {import('./matrix').Matrix} matrix gets each test
 * @returns {Promise<{passed: number, failed: number, skipped: number}>}
 */
async function runNodeTests(files, matrix) {
  const result = { passed: 0, failed: 0, skipped: 0 };
  let failedSuites = 0;
  // A process that ends early, with exit code 0, leaves tests without an outcome, or seems to have none.
  let withoutOutcome = 0;
  const isTest = ({ details }) => details.type !== 'suite';
  const isFile = ({ name, file }) => path.resolve(name) === file;
  const stream = run({ files, concurrency: CONCURRENCY, timeout: GUARD_MS, signal: end });
  stream.on('test:enqueue', (event) => {
    if (!isFile(event)) withoutOutcome += 1;
  });
  stream.on('test:pass', (event) => {
    if (isFile(event)) {
      result.failed += 1;
      console.log(`${event.file} has run no test`);
      return;
    }
    withoutOutcome -= 1;
    if (event.skip !== undefined) result.skipped += 1;
    else if (isTest(event)) result.passed += 1;
    if (event.skip === undefined) matrix.add(event, 'passed');
  });
  stream.on('test:fail', (event) => {
    if (!isFile(event)) withoutOutcome -= 1;
    if (isTest(event)) result.failed += 1;
    else failedSuites += 1;
    matrix.add(event, 'failed');
  });
  const report = stream.compose(new Spec());
  for await (const chunk of report) process.stdout.write(chunk);
  if (withoutOutcome > 0) {
    result.failed += withoutOutcome;
    console.log(`${withoutOutcome} tests have no outcome: a process has ended before them`);
  }
  // A suite may fail without a test of it, in a hook.
  if (result.failed === 0) result.failed = failedSuites;
  return result;
}

module.exports = { runNodeTests, testFiles };
