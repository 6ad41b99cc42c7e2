'use strict';

/**
 * Runs Node processes that may crash, and says how they ended.
 */

const { spawn } = require('node:child_process');

const { AWS_ENVIRONMENT } = require('../support/environment');

/** Only a guard against hanging. */
const GUARD_MS = 600_000;
/** How much of stderr a report of a crash shows. */
const LAST_LINES = 30;

/**
 * @typedef {object} Outcome
 * @property {number | null} code
 * @property {string | null} signal
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * Runs a script until it ends by itself.
 *
 * @param {string} script
 * @param {object} input the script finds it as JSON in its first argument
 * @param {object} [how]
 * @param {Record<string, string | undefined>} [how.env] added to this process's environment;
 *   `undefined` removes a variable
 * @param {string[]} [how.through] a command that runs the command that follows it
 * @param {(child: import('node:child_process').ChildProcess, stdout: () => string) => void}
 *   [how.started] gets the running process
 * @returns {Promise<Outcome>}
 */
function runNode(script, input, { env = {}, through = [], started = undefined } = {}) {
  const all = { ...process.env, ...AWS_ENVIRONMENT, ...env };
  const variables = Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined)
  );
  // With these, the child would report to the test runner.
  delete variables.NODE_TEST_CONTEXT;
  delete variables.NODE_OPTIONS;
  const [file, ...args] = [...through, process.execPath, script, JSON.stringify(input)];
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: variables, stdio: ['pipe', 'pipe', 'pipe'] });
    const guard = setTimeout(() => child.kill('SIGKILL'), GUARD_MS);
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (chunk) => {
        text[name] += chunk;
      });
    }
    // A process that crashed reads no more.
    child.stdin.on('error', () => {});
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(guard);
      resolve({ code, signal, ...text });
    });
    started?.(child, () => text.stdout);
  });
}

/**
 * @param {Outcome} outcome
 * @returns {string} how the process ended, with the end of its stderr
 */
function ending({ code, signal, stderr }) {
  const lines = stderr.split('\n').filter(Boolean).slice(-LAST_LINES);
  return [`the process ended with ${signal || `exit code ${code}`}`, ...lines].join('\n  ');
}

/**
 * Runs a script that has to end well, without a word on stderr, and to print one JSON value.
 *
 * @param {Parameters<typeof runNode>} args
 * @returns {Promise<any>} the value
 * @throws {Error} with the signal and the end of stderr
 */
async function nodeResult(...args) {
  const outcome = await runNode(...args);
  if (outcome.code !== 0 || outcome.stderr !== '') throw new Error(ending(outcome));
  return JSON.parse(outcome.stdout);
}

module.exports = { ending, nodeResult, runNode };
