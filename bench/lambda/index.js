'use strict';

/**
 * Compares Lambda functions under AWS's runtime interface client.
 */

const { format } = require('../report/format');
const { median } = require('../report/median');
const { callStub } = require('../stub/client');
const { FUNCTIONS } = require('./functions');
const { installClient } = require('./install');
const { layOut } = require('./layout');
const { FROZEN_MS, measureFunction } = require('./measure');

const NAME = 'lambda';
const RUNS = 9;
const FLAGS = 1000;

const MOMENTS = {
  // From the start of the process to the first response.
  cold: 'cold start',
  warm: 'warm',
  thawed: `after ${FROZEN_MS / 1000} s frozen`,
};
/** @type {Record<string, string>} labels by figure */
const LABELS = {};
for (const form of ['unbundled', 'bundled']) {
  for (const [moment, label] of Object.entries(MOMENTS)) {
    LABELS[`${form}-${moment}`] = `${form}: ${label}`;
  }
}

/**
 * @typedef {object} Times
 * @property {string} label
 * @property {number} median in milliseconds
 * @property {number[]} values one value per process
 *
 * @typedef {Record<string, Record<string, Times>>} LambdaResults by figure, then by function
 * @typedef {{measurement: string, store: string, message: string}} Failure
 */

/**
 * @param {string} endpoint of the stub
 * @returns {Promise<{unavailable: string} | {figures: LambdaResults, failures: Failure[]}>}
 */
async function measureLambda(endpoint) {
  const unavailable = installClient();
  if (unavailable) return { unavailable };
  const layout = await layOut();
  /** @type {LambdaResults} */
  const figures = {};
  /** @type {Failure[]} */
  const failures = [];
  try {
    await callStub(endpoint, 'seed', { flags: FLAGS });
    // The functions take turns, so that other load on the machine affects all of them.
    for (let run = 0; run < RUNS; run += 1) {
      for (const lambda of FUNCTIONS) {
        try {
          add(figures, lambda, await measureFunction(lambda, layout, endpoint));
        } catch (failure) {
          const { message } = /** @type {Error} */ (failure);
          failures.push({ measurement: NAME, store: lambda.name, message });
        }
      }
    }
  } finally {
    layout.remove();
  }
  return { figures, failures };
}

/**
 * @param {LambdaResults} figures
 * @param {import('./functions').LambdaFunction} lambda
 * @param {Record<string, number>} measured
 */
function add(figures, { name, label }, measured) {
  for (const [id, value] of Object.entries(measured)) {
    figures[id] ??= {};
    const values = [...(figures[id][name]?.values ?? []), value];
    figures[id][name] = { label, median: median(values), values };
  }
}

/**
 * @param {LambdaResults | undefined} figures
 * @returns {import('../report/tables').Table} a row for each function; only a head if nothing was measured
 */
function lambdaTable(figures = {}) {
  const ids = Object.keys(LABELS).filter((id) => figures[id]);
  const rows = ids.length > 0 ? FUNCTIONS : [];
  return [
    ['function', ...ids.map((id) => LABELS[id])],
    ...rows.map(({ name, label }) => [
      label,
      ...ids.map((id) => (figures[id][name] ? format(figures[id][name].median, 'ms') : '')),
    ]),
  ];
}

module.exports = { NAME, lambdaTable, measureLambda };
