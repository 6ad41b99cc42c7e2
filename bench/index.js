'use strict';

/**
 * Compares this package's store with the stores that LaunchDarkly publishes:
 *
 *     node bench/index.js [--runs 5] [--only name,name] [--json path]
 *
 * `--only` takes names of measurements or figures. A run of all measurements writes `results.json` and draws
 * `chart.svg`. A run of some only prints them, unless `--json` names a file.
 */

const { mkdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { installPackages } = require('./install');
const lambda = require('./lambda');
const { MEASUREMENTS } = require('./measurements');
const { chart } = require('./report/chart');
const { addFigures, newResults, writeResults } = require('./report/results');
const { tables } = require('./report/table');
const { takeMeasurement } = require('./runner');
const { PERSISTENT, isInstalled, ours } = require('./stores');
const { startStub } = require('./stub/client');
const { bundleWithAddon } = require('../scripts/bundle');

const RESULTS = path.join(__dirname, 'results.json');
const NAMES = [...MEASUREMENTS.keys(), lambda.NAME];
const CHART = path.join(__dirname, 'chart.svg');

async function main() {
  const { runs, names, json } = readArguments();
  installPackages();
  mkdirSync(ours.folder, { recursive: true });
  bundleWithAddon(ours.folder);
  const results = newResults(runs);
  const failures = await measure(names, results);

  const isComplete = names.length === NAMES.length && failures.length === 0;
  const file = json ?? (isComplete ? RESULTS : undefined);
  if (file !== undefined) writeResults(file, results);
  if (isComplete) writeFileSync(CHART, chart(results));

  printReport(results);
  for (const { measurement, store, message } of failures) {
    console.error(`\n${measurement} failed for ${store}: ${message}`);
  }
  if (failures.length > 0) process.exitCode = 1;
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      only: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs is a number from 1 on');
  const names = values.only === undefined ? NAMES : chosen(values.only.split(','));
  return { runs, names, json: values.json };
}

/**
 * @param {string[]} only names of measurements or figures
 * @returns {string[]} names of measurements
 */
function chosen(only) {
  const names = new Set();
  for (const wanted of only) {
    const found = NAMES.find(
      (name) => name === wanted || MEASUREMENTS.get(name)?.figures.some(({ id }) => id === wanted)
    );
    if (!found) throw new Error(`--only is some of ${NAMES.join(', ')}`);
    names.add(found);
  }
  return NAMES.filter((name) => names.has(name));
}

/**
 * @param {string[]} names of measurements
 * @param {import('./report/results').Results} results receives the figures
 */
async function measure(names, results) {
  const failures = [];
  const stub = await startStub();
  try {
    for (const name of names) {
      const measurement = MEASUREMENTS.get(name);
      if (!measurement) continue;
      console.error(`measuring ${name} …`);
      const options = { runs: results.runs, endpoint: stub.endpoint };
      const taken = await takeMeasurement(name, measurement, options);
      addFigures(results, measurement, taken.runs);
      failures.push(...taken.failures);
    }
    if (names.includes(lambda.NAME))
      failures.push(...(await measureLambda(results, stub.endpoint)));
  } finally {
    stub.stop();
  }
  return failures;
}

/**
 * @param {any} results receives the figures, if this machine can take them
 * @param {string} endpoint of the stub
 */
async function measureLambda(results, endpoint) {
  console.error(`measuring ${lambda.NAME} …`);
  const { figures, failures = [], unavailable } = await lambda.measureLambda(endpoint);
  if (unavailable) console.error(`skipped ${lambda.NAME}: ${unavailable}`);
  else results.lambda = figures;
  return failures;
}

/**
 * @param {import('./report/results').Results} results
 */
function printReport(results) {
  const { node, system, processor, cores } = results.machine;
  console.log(`\nNode.js ${node}, ${system}, ${processor}, ${cores} cores, ${results.date}`);
  for (const [name, version] of Object.entries(results.packages))
    console.log(`  ${name} ${version}`);
  console.log(`\nMedians of ${results.runs} processes each, or of as many as stand in brackets.`);
  console.log('In parentheses: how ours compares with the other.');
  console.log(`The time of the main thread is ${results.mainThread}.\n`);
  console.log(tables(results));
  if (results.lambda) console.log(`\n${lambda.lambdaTable(results.lambda)}`);
  for (const store of PERSISTENT.filter((candidate) => !isInstalled(candidate))) {
    console.log(
      `\n${store.label}: ${store.package} is not installed, see bench/stores/${store.name}.js`
    );
  }
}

main().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
