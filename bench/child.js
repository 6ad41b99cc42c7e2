'use strict';

/**
 * Takes one measurement of one store, in a process of its own: `node child.js '{"measurement": …}'`.
 * The figures go to file descriptor 3, as JSON; packages may print what they like.
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
  // A failure that is answered fast must not pass for speed.
  if (errors.length > 0) throw new Error(`${errors.length} errors, the first: ${errors[0]}`);
  writeSync(RESULT, JSON.stringify(figures));
  process.exit();
}

main().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
