'use strict';

/**
 * Node processes of a test's own.
 */

const { spawn } = require('node:child_process');
const path = require('node:path');

const { AWS_ENVIRONMENT } = require('./environment');

const SCRIPTS = path.join(__dirname, '..', 'behaviour', 'children');
/** Only a guard against hanging. */
const GUARD_MS = 120_000;

/**
 * Runs a script of the `children` folder until it ends by itself.
 *
 * @param {string} script the name of the file
 * @param {object} input what the script finds as JSON in its first argument
 * @param {Record<string, string | undefined>} [env] added to this process's; `undefined` takes a
 *   variable away
 * @returns {Promise<{code: number | null, signal: string | null, stdout: string, stderr: string}>}
 */
function runChild(script, input, env = {}) {
  const all = { ...process.env, ...AWS_ENVIRONMENT, ...env };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  // What makes a test runner's own processes report to it would confuse a plain child.
  delete given.NODE_TEST_CONTEXT;
  delete given.NODE_OPTIONS;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(SCRIPTS, script), JSON.stringify(input)], {
      env: given,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const guard = setTimeout(() => child.kill('SIGKILL'), GUARD_MS);
    const chunks = { stdout: [], stderr: [] };
    child.stdout.on('data', (chunk) => chunks.stdout.push(chunk));
    child.stderr.on('data', (chunk) => chunks.stderr.push(chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(guard);
      const [stdout, stderr] = [chunks.stdout, chunks.stderr].map((c) =>
        Buffer.concat(c).toString()
      );
      resolve({ code, signal, stdout, stderr });
    });
  });
}

/**
 * Runs a script that prints one JSON value and has to end well.
 *
 * @returns {Promise<any>} what it printed
 */
async function childResult(script, input, env) {
  const { code, signal, stdout, stderr } = await runChild(script, input, env);
  if (code !== 0) throw new Error(`${script} ended with ${signal || code}: ${stderr}`);
  return JSON.parse(stdout);
}

module.exports = { childResult, runChild };
