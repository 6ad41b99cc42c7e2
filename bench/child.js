'use strict';

/**
 * Takes one measurement of one store in a separate process: `node child.js '{"measurement": …}'`. Writes the
 * figures as JSON to file descriptor 3, because packages may print to the other descriptors.
 */

const { writeSync } = require('node:fs');

const { storeByName } = require('./stores');

const RESULT = 3;

async function main() {
  const { measurement, store, endpoint } = JSON.parse(process.argv[2]);
  /** @type {string[]} */
  const errors = [];
  const ignore = () => {};
  const error = (/** @type {unknown} */ line) => errors.push(String(line));
  const logger = { error, warn: ignore, info: ignore, debug: ignore };
  const { measure } = require(`./measurements/${measurement}`);
  const figures = await measure({ store: storeByName(store), endpoint, logger });
  // A fast failure must not count as speed.
  if (errors.length > 0) throw new Error(`${errors.length} errors, the first: ${errors[0]}`);
  writeSync(RESULT, JSON.stringify(figures));
  process.exit();
}

main().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
