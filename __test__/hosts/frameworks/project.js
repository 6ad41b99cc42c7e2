'use strict';

/**
 * Runs a program of a project folder, such as a test framework, until it ends by itself.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { AWS_ENVIRONMENT } = require('../../support/environment');
const { AS_MEANT, startMachine } = require('../machine');

/** Only a guard against hanging. */
const GUARD_MS = 3_600_000;

/**
 * @param {string} folder whose program it is
 * @param {string[]} args the program and its arguments
 * @param {Record<string, string | undefined>} env added to this process's; `undefined` takes a variable
 *   away
 * @returns {Promise<{code: number | null, signal: string | null, output: string}>}
 */
function run(folder, args, env) {
  const all = { ...process.env, ...AWS_ENVIRONMENT, ...env };
  // What makes a test runner's own processes report to it would confuse another runner.
  for (const name of ['NODE_TEST_CONTEXT', 'NODE_OPTIONS', 'CI']) delete all[name];
  const variables = Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined)
  );
  return new Promise((resolve, reject) => {
    const stdio = /** @type {const} */ (['ignore', 'pipe', 'pipe']);
    const child = spawn(process.execPath, args, { cwd: folder, env: variables, stdio });
    const guard = setTimeout(() => child.kill('SIGKILL'), GUARD_MS);
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => chunks.push(chunk));
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(guard);
      resolve({ code, signal, output: Buffer.concat(chunks).toString() });
    });
  });
}

/**
 * Runs a test framework, of which so many tests have to pass, and which then has to end by itself.
 *
 * @param {string} folder
 * @param {(report: string, temporary: string) => string[]} command the program and its arguments, with
 *   the file for its report, in jest's form, and a folder of this run's own
 * @param {{tests: number, env: Record<string, string | undefined>}} expected
 * @returns {Promise<any>} the report
 */
async function mustPass(folder, command, { tests, env }) {
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'framework-'));
  const report = path.join(temporary, 'report.json');
  try {
    const { code, signal, output } = await run(folder, command(report, temporary), env);
    assert.deepStrictEqual({ code, signal }, { code: 0, signal: null }, output);
    const results = JSON.parse(fs.readFileSync(report, 'utf8'));
    const { numPassedTests, numTotalTests } = results;
    assert.deepStrictEqual([numPassedTests, numTotalTests], [tests, tests], output);
    return results;
  } finally {
    fs.rmSync(temporary, { recursive: true });
  }
}

/**
 * Runs something on a machine with AWS settings of its own, none of which may be used.
 *
 * @param {import('node:test').TestContext} t
 * @param {{hasVariables: boolean}} kind
 * @param {(env: Record<string, string | undefined>) => Promise<void>} runIn
 */
async function mustUseNothing(t, kind, runIn) {
  const { env, seen } = await startMachine(t, kind);
  let failure;
  try {
    await runIn(env);
  } catch ({ message }) {
    failure = message;
  }
  assert.deepStrictEqual({ ...seen(), failure }, { ...AS_MEANT, failure: undefined });
}

module.exports = { mustPass, mustUseNothing, run };
