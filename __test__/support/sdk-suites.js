'use strict';

/**
 * The SDKs, and the feature store tests that those up to 7 ship. Each folder has SDKs that go with one
 * version of their test helpers, and a jest of its own.
 */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { end } = require('./end');
const { install } = require('./install');

const SUITES = path.join(__dirname, '..', 'sdk-suites');
const FOLDERS = ['v5', 'v6-v7'];
const WITHOUT_SUITES = ['v8-v9'];
/** Only a guard against hanging. */
const GUARD_MS = 3_600_000;

/** Installs what the folders need. */
function installSdks() {
  for (const name of [...FOLDERS, ...WITHOUT_SUITES]) install(path.join(SUITES, name));
}

/**
 * @param {string} name of the folder
 * @returns {Promise<{passed: number, failed: number, skipped: number}>}
 */
async function runSdkSuites(name) {
  const folder = path.join(SUITES, name);
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'sdk-suites-'));
  const report = path.join(temporary, 'report.json');
  try {
    const jest = path.join(folder, 'node_modules', 'jest', 'bin', 'jest.js');
    const args = [jest, '--ci', '--runInBand', '--json', `--outputFile=${report}`];
    const stdio = ['ignore', 'ignore', 'inherit'];
    const code = await ended(spawn(process.execPath, args, { cwd: folder, stdio, signal: end }));
    const results = JSON.parse(fs.readFileSync(report, 'utf8'));
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    return {
      passed: results.numPassedTests,
      // Something besides the tests may have gone wrong.
      failed: failed === 0 && code !== 0 ? 1 : failed,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } finally {
    fs.rmSync(temporary, { recursive: true });
  }
}

function ended(child) {
  const guard = setTimeout(() => child.kill('SIGKILL'), GUARD_MS);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(guard);
      if (signal) reject(new Error(`jest was ended by ${signal}`));
      else resolve(code);
    });
  });
}

module.exports = { FOLDERS, installSdks, runSdkSuites };
