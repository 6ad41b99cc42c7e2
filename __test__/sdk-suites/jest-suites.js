'use strict';

/**
 * The feature store tests that SDKs up to 7 ship, as tests of `node:test`. They are written for jest, in a
 * version that goes with the SDK.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

/** Only a guard against hanging. */
const GUARD_MS = 3_600_000;
/** The suites' outermost titles begin with the SDK's name and version. */
const TITLE = /^(\S+ \d+\.\d+\.\d+)(?:[,:]? )?(.*)$/s;

/**
 * Runs the suites of a folder, and defines a test for the outcome of each of their tests.
 *
 * @param {string} folder
 */
function defineTests(folder) {
  const { results, status } = runJest(folder);
  for (const { name, message, assertionResults } of results.testResults) {
    const suite = path.basename(name);
    if (assertionResults.length === 0) test(suite, () => assert.fail(message));
    for (const result of assertionResults) {
      const [, sdk, title] = TITLE.exec(result.fullName) || [undefined, suite, result.fullName];
      const skip = ['passed', 'failed'].includes(result.status) ? false : result.status;
      test(`${sdk}: ${title}`, { skip }, () => {
        if (result.status === 'failed') assert.fail(result.failureMessages.join('\n'));
      });
    }
  }
  // Something besides the tests may have gone wrong.
  const expected = results.numFailedTests + results.numFailedTestSuites > 0 ? 1 : 0;
  test(`jest ends well in ${path.basename(folder)}`, () => assert.strictEqual(status, expected));
}

/**
 * @param {string} folder
 * @returns {{results: any, status: number | null}}
 */
function runJest(folder) {
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'sdk-suites-'));
  try {
    const report = path.join(temporary, 'report.json');
    const jest = path.join(folder, 'node_modules', 'jest', 'bin', 'jest.js');
    const args = [jest, '--ci', '--runInBand', '--json', `--outputFile=${report}`];
    const { status } = spawnSync(process.execPath, args, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: GUARD_MS,
      killSignal: 'SIGKILL',
    });
    return { results: JSON.parse(fs.readFileSync(report, 'utf8')), status };
  } finally {
    fs.rmSync(temporary, { recursive: true });
  }
}

module.exports = { defineTests };
