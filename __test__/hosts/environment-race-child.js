'use strict';

/**
 * Changes the environment of the process while a store starts, and while it reads, as applications do
 * that load settings from files and vaults. Prints how many reads were answered.
 *
 * Input: `endpoint`, `reads`.
 */

const { DynamoDBFeatureStore } = require('../..');
const { recordingLogger } = require('../support/logger');
const { PATIENT, promised } = require('../support/wait');

const { endpoint, reads } = JSON.parse(process.argv[2]);

/** So many change nearly every page of the environment, which then moves in memory. */
const VARIABLES = 100;
const AT_ONCE = 10;

const settings = (round) =>
  Object.fromEntries(
    Array.from({ length: VARIABLES }, (_, i) => [`SETTING_${round}_${i}`, `value ${i}`])
  );

async function main() {
  const logger = recordingLogger();
  const clientOptions = { endpoint };
  const options = { ...PATIENT, cacheTTL: 0, clientOptions, logger };
  const store = promised(DynamoDBFeatureStore('my-table', options));
  Object.assign(process.env, settings('start'));
  let answered = 0;
  let round = 0;
  const read = async () => {
    for (let i = 0; i < reads / AT_ONCE; i += 1) {
      if ((await store.get({ namespace: 'features' }, 'a')) !== null) answered += 1;
    }
  };
  const change = () => {
    // New names make the list longer; it must not grow without end.
    for (const name of Object.keys(settings(round))) delete process.env[name];
    round += 1;
    Object.assign(process.env, settings(round));
  };
  const changing = setInterval(change, 0);
  await Promise.all(Array.from({ length: AT_ONCE }, read));
  clearInterval(changing);
  store.close();
  process.stdout.write(JSON.stringify({ answered, lines: logger.lines }));
}

main();
