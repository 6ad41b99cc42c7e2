'use strict';

const { now } = require('./clock');

const WARM_UP_MS = 400;
const MEASURED_MS = 600;
/** Long enough for the clock's resolution, short enough to end in time. */
const ROUND_MS = 20;

/**
 * Measures the time of an operation after its code is compiled. Runs as many operations as fit into the
 * measured time, at least one.
 *
 * @param {(count: number) => Promise<void>} run runs `count` operations
 * @param {{isWarm?: boolean}} [options] whether to skip the warm-up
 * @returns {Promise<number>} nanoseconds per operation
 */
async function nanosecondsPerOperation(run, { isWarm = false } = {}) {
  let count = 1;
  const warmUpEnd = now() + (isWarm ? 0 : WARM_UP_MS);
  while (now() < warmUpEnd) {
    const started = now();
    await run(count);
    if (now() - started < ROUND_MS) count *= 2;
  }
  const started = now();
  let operations = 0;
  do {
    await run(count);
    operations += count;
  } while (now() - started < MEASURED_MS);
  return ((now() - started) / operations) * 1e6;
}

module.exports = { nanosecondsPerOperation };
