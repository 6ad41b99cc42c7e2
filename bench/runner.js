'use strict';

/**
 * Takes measurements in separate processes. The stores take turns, so that other load on the machine affects
 * all of them.
 */

const { spawn } = require('node:child_process');
const path = require('node:path');

const { childEnvironment } = require('./helpers/environment');
const { PERSISTENT } = require('./stores');
const { callStub } = require('./stub/client');

const CHILD = path.join(__dirname, 'child.js');
/** A store whose process takes longer than this runs at most `SLOW_RUNS` times. */
const SLOW_MS = 5000;
const SLOW_RUNS = 3;
/** A guard against hanging. */
const GUARD_MS = 300_000;

/**
 * @typedef {import('./measurements').Measurement} Measurement
 * @typedef {Record<string, number[]>} Runs one store's values by figure
 * @typedef {{measurement: string, store: string, message: string}} Failure
 */

/**
 * @param {string} name
 * @param {Measurement} measurement
 * @param {{runs: number, endpoint: string}} options
 * @returns {Promise<{runs: Record<string, Runs>, failures: Failure[]}>} by store
 */
async function takeMeasurement(name, measurement, { runs, endpoint }) {
  const { stores = PERSISTENT, flags, delayMs = 0, nodeOptions = [] } = measurement;
  /** @type {Record<string, Runs>} */
  const values = {};
  /** @type {Failure[]} */
  const failures = [];
  let waiting = stores;
  const wanted = Math.min(runs, measurement.runs ?? runs);
  for (let run = 1; run <= wanted; run += 1) {
    const slow = new Set();
    for (const store of waiting) {
      await callStub(endpoint, 'seed', { flags, delayMs });
      const started = Date.now();
      try {
        const input = { measurement: name, store: store.name, endpoint };
        addTo(values, store.name, await runChild(input, nodeOptions));
      } catch (failure) {
        const message = /** @type {Error} */ (failure).message;
        failures.push({ measurement: name, store: store.name, message });
      }
      if (Date.now() - started > SLOW_MS && run >= SLOW_RUNS) slow.add(store);
    }
    waiting = waiting.filter((store) => !slow.has(store));
  }
  return { runs: values, failures };
}

/**
 * @param {Record<string, Runs>} values
 * @param {string} store
 * @param {Record<string, number>} figures
 */
function addTo(values, store, figures) {
  values[store] ??= {};
  for (const [id, value] of Object.entries(figures)) {
    values[store][id] ??= [];
    values[store][id].push(value);
  }
}

/**
 * @param {{measurement: string, store: string, endpoint: string}} input
 * @param {string[]} nodeOptions
 * @returns {Promise<Record<string, number>>} the figures by id
 */
function runChild(input, nodeOptions) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeOptions, CHILD, JSON.stringify(input)], {
      env: childEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    const guard = setTimeout(() => child.kill('SIGKILL'), GUARD_MS);
    const stderr = collect(child.stderr);
    const result = collect(child.stdio[3]);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(guard);
      if (code === 0) resolve(JSON.parse(result()));
      else reject(new Error(`ended with ${signal ?? code}\n${stderr()}`));
    });
  });
}

/**
 * @param {any} stream
 * @returns {() => string} returns the text received so far
 */
function collect(stream) {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (/** @type {string} */ chunk) => {
    text += chunk;
  });
  return () => text;
}

module.exports = { SLOW_MS, SLOW_RUNS, takeMeasurement };
