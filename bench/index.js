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
const { MEASUREMENTS } = require('./measurements');
const { circumstances } = require('./report/circumstances');
const { writePages } = require('./report/pages');
const { addFigures, newResults, readResults, writeResults } = require('./report/results');
const { memoryTable, padded, sdkTable } = require('./report/tables');
const { takeMeasurement } = require('./runner');
const { SDKS } = require('./stores');
const { startStub } = require('./stub/client');

const RESULTS = path.join(__dirname, 'results.json');

async function main() {
  const { runs, names, json, write } = readArguments();
  if (write) {
    writePages(readResults(RESULTS));
    return;
  }
  installPackages();
  const results = newResults(runs);
  const failures = await measure(names, results);

  const isComplete = names.length === MEASUREMENTS.size && failures.length === 0;
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
  const all = [...MEASUREMENTS.keys()];
  const names = values.only === undefined ? all : chosen(values.only.split(','));
  return { runs, names, json: values.json, write: values.write };
}

/**
 * @param {string[]} only names of measurements or figures
 * @returns {string[]} names of measurements
 */
function chosen(only) {
  const names = new Set();
  for (const wanted of only) {
    const found = [...MEASUREMENTS].find(
      ([name, { figures }]) => name === wanted || figures.some(({ id }) => id === wanted)
    );
    if (!found) throw new Error(`--only is some of ${[...MEASUREMENTS.keys()].join(', ')}`);
    names.add(found[0]);
  }
  return [...MEASUREMENTS.keys()].filter((name) => names.has(name));
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
      const measurement = /** @type {import('./measurements').Measurement} */ (
        MEASUREMENTS.get(name)
      );
      console.error(`measuring ${name} …`);
      const options = { runs: results.runs, endpoint: stub.endpoint };
      const taken = await takeMeasurement(name, measurement, options);
      addFigures(results, measurement, taken.runs);
      failures.push(...taken.failures);
    }
  } finally {
    stub.stop();
  }
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
}

main().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
