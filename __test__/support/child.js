'use strict';

/**
 * Node processes started by tests.
 */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const { AWS_ENVIRONMENT } = require('./environment');

/** The folder of the scripts. */
const SCRIPTS = path.join(__dirname, '..', 'contract', 'behaviour', 'children');
/** A guard against hanging. */
const GUARD_MS = 300_000;

/**
 * Runs a script of the `children` folder until it exits by itself.
 *
 * @param {string} script the name of the file, or the path of another one
 * @param {object} input passed to the script as JSON in its first argument
 * @param {Record<string, string | undefined>} [env] added to this process's environment; `undefined` removes
 *   the variable
 * @returns {Promise<{code: number | null, signal: string | null, stdout: string, stderr: string}>}
 */
function runChild(script, input, env = {}) {
  return new Promise((resolve, reject) => {
    const child = start(script, input, env, ['ignore', 'pipe', 'pipe']);
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
 * Starts a script.
 *
 * @param {string} script as for `runChild`
 * @param {object} input
 * @param {Record<string, string | undefined>} env
 * @param {any} stdio
 */
function start(script, input, env, stdio) {
  const all = { ...process.env, ...AWS_ENVIRONMENT, ...env };
  const variables = Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined)
  );
  // Test runners pass this to their own processes; it would make a plain child report to the runner.
  delete variables.NODE_TEST_CONTEXT;
  delete variables.NODE_OPTIONS;
  const args = [path.resolve(SCRIPTS, script), JSON.stringify(input)];
  return spawn(process.execPath, args, { env: variables, stdio });
}

/**
 * Starts a process that calls a store's methods on request.
 *
 * @param {{table: string, options: object}} input
 * @param {Record<string, string | undefined>} env
 */
function startServing(input, env) {
  const child = start('serve.js', input, env, ['ignore', 'inherit', 'inherit', 'ipc']);
  const guard = setTimeout(() => child.kill('SIGKILL'), GUARD_MS);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const lost = ended.then(() => Promise.reject(new Error('the process ended')));
  lost.catch(() => {});
  /**
   * Calls one method. Make one call at a time.
   *
   * @returns {Promise<any>} the callback's arguments
   */
  const ask = async (...call) => {
    const answer = once(child, 'message');
    child.send(call);
    const [{ result }] = await Promise.race([answer, lost]);
    return result;
  };
  const end = async () => {
    if (child.connected) child.disconnect();
    await ended;
    clearTimeout(guard);
  };
  return { ask, end };
}

/**
 * Runs a script that prints one JSON value and must succeed.
 *
 * @returns {Promise<any>} the printed value
 */
async function childResult(script, input, env) {
  const { code, signal, stdout, stderr } = await runChild(script, input, env);
  if (code !== 0) throw new Error(`${script} ended with ${signal || code}: ${stderr}`);
  return JSON.parse(stdout);
}

module.exports = { SCRIPTS, childResult, runChild, start, startServing };
