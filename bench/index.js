'use strict';

/**
 * Compares this package's store with the stores that LaunchDarkly publishes:
 *
 *     node bench/index.js [--runs 5] [--only name,name] [--json path]
 *     node bench/index.js --write
 *
 * `--only` takes names of measurements or figures. A run of all measurements writes `results.json`, the chart and
 * the tables in the documentation. A run of some only prints them, unless `--json` names a file. `--write`
 * measures nothing and writes the chart and the tables from `results.json`.
 */

const path = require('node:path');
const { parseArgs } = require('node:util');

const { installPackages } = require('./install');
const lambda = require('./lambda');
const { MEASUREMENTS } = require('./measurements');
const { circumstances } = require('./report/circumstances');
const { writePages } = require('./report/pages');
const { addFigures, newResults, readResults, writeResults } = require('./report/results');
const { memoryTable, padded, sdkTable } = require('./report/tables');
const { takeMeasurement } = require('./runner');
const { SDKS } = require('./stores');
const { startStub } = require('./stub/client');

const RESULTS = path.join(__dirname, 'results.json');
const NAMES = [...MEASUREMENTS.keys(), lambda.NAME];

async function main() {
  const { runs, names, json, write } = readArguments();
  if (write) {
    writePages(readResults(RESULTS));
    return;
  }
  installPackages();
  const results = newResults(runs);
  const failures = await measure(names, results);

  const isComplete = names.length === NAMES.length && failures.length === 0;
  if (json !== undefined) {
    writeResults(json, results);
  } else if (isComplete) {
    writeResults(RESULTS, results);
    writePages(results);
  }

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
      write: { type: 'boolean', default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs is a number from 1 on');
  const names = values.only === undefined ? NAMES : chosen(values.only.split(','));
  return { runs, names, json: values.json, write: values.write };
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
  console.log(`\n${circumstances(results)}`);
  console.log('In parentheses: how this package compares with the other.');
  for (const sdk of SDKS) console.log(`\n${sdk.name}\n\n${padded(sdkTable(results, sdk))}`);
  console.log(padded(memoryTable(results)));
  if (results.lambda) console.log(`AWS Lambda\n\n${padded(lambda.lambdaTable(results.lambda))}`);
}

main().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
