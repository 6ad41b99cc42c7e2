'use strict';

/**
 * The results of a benchmark run and its circumstances.
 *
 * @typedef {object} StoreResult
 * @property {string} label
 * @property {number} median
 * @property {number[]} values one value per process
 *
 * @typedef {object} FigureResult
 * @property {string} label
 * @property {string} unit
 * @property {'less' | 'more'} better
 * @property {boolean} isMain
 * @property {number} [runs] if the measurement sets its own number
 * @property {Record<string, StoreResult>} stores by name
 *
 * @typedef {object} Results
 * @property {string} date
 * @property {{node: string, system: string, processor: string, cores: number}} machine
 * @property {string} mainThread how the main thread's time was measured
 * @property {Record<string, string>} packages versions by package
 * @property {number} runs the number of runs of each measurement
 * @property {Record<string, FigureResult>} figures by id
 */

const { readFileSync, writeFileSync } = require('node:fs');
const os = require('node:os');

const { MAIN_THREAD_SOURCE } = require('../helpers/clock');
const { storeByName } = require('../stores');
const { median } = require('./median');

/** The packages of stores and SDKs, and the AWS SDKs that they install. */
const PACKAGES = [
  'ldclient-node',
  'ldclient-node-dynamodb-store',
  'ldclient-node-dynamodb-store/node_modules/aws-sdk',
  'launchdarkly-node-server-sdk',
  'launchdarkly-node-server-sdk-dynamodb',
  'aws-sdk',
  '@launchdarkly/node-server-sdk',
  'node-server-sdk-8',
  '@aws-sdk/client-dynamodb',
];

/**
 * @param {number} runs
 * @returns {Results} results without figures
 */
function newResults(runs) {
  const [processor] = os.cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      node: process.version,
      system: `${os.platform()} ${os.arch()}`,
      processor: processor?.model.trim() ?? 'unknown',
      cores: os.cpus().length,
    },
    mainThread: MAIN_THREAD_SOURCE,
    packages: packageVersions(),
    runs,
    figures: {},
  };
}

/**
 * @param {Results} results
 * @param {import('../measurements').Measurement} measurement
 * @param {Record<string, import('../runner').Runs>} runs by store
 */
function addFigures(results, measurement, runs) {
  for (const { id, label, unit, better = 'less', isMain = false } of measurement.figures) {
    /** @type {Record<string, StoreResult>} */
    const stores = {};
    for (const [name, figures] of Object.entries(runs)) {
      const values = figures[id];
      if (values === undefined) continue;
      stores[name] = { label: storeByName(name).label, median: median(values), values };
    }
    if (Object.keys(stores).length === 0) continue;
    results.figures[id] = { label, unit, better, isMain, runs: measurement.runs, stores };
  }
}

/**
 * @returns {Record<string, string>} the versions of the installed packages
 */
function packageVersions() {
  const versions = { 'dynamodb-feature-store': require('../../package.json').version };
  for (const name of PACKAGES) {
    const version = versionOf(name);
    if (version) versions[name.replace('/node_modules/', ' > ')] = version;
  }
  return versions;
}

/**
 * @param {string} name
 * @returns {string | undefined}
 */
function versionOf(name) {
  try {
    return require(`../node_modules/${name}/package.json`).version;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} file
 * @param {Results} results
 */
function writeResults(file, results) {
  const json = JSON.stringify(results, rounded, 2);
  // Puts the values of a figure on one line.
  const compact = json.replace(/\[[\s\d.,e+-]+\]/g, (list) => list.replace(/\s+/g, ' '));
  writeFileSync(file, `${compact.replace(/\[ /g, '[').replace(/ \]/g, ']')}\n`);
}

/**
 * @param {string} file
 * @returns {Results}
 */
function readResults(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/**
 * @param {string} _name
 * @param {unknown} value
 */
function rounded(_name, value) {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}

module.exports = { addFigures, newResults, readResults, writeResults };
