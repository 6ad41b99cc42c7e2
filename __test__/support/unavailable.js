'use strict';

/** A reason why something that tests need is not available on this machine. */
class Unavailable extends Error {}

/**
 * Logs what is left out and returns how to count it. In CI, leaving out is a failure.
 *
 * @param {string} what
 * @param {unknown} error why
 * @returns {'skipped' | 'failed'}
 * @throws any error other than `Unavailable`
 */
function leaveOut(what, error) {
  if (!(error instanceof Unavailable)) throw error;
  const outcome = process.env.CI === 'true' ? 'failed' : 'skipped';
  console.log(`\nNOTICE: ${what}: ${outcome}, ${error.message}`);
  return outcome;
}

module.exports = { Unavailable, leaveOut };
