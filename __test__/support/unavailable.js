'use strict';

/** Why something that tests need can't be had on this machine. */
class Unavailable extends Error {}

/**
 * Says what is left out, and counts it: in CI nothing may be left out.
 *
 * @param {string} what
 * @param {unknown} error why
 * @returns {'skipped' | 'failed'}
 * @throws the error if it is another one than `Unavailable`
 */
function leaveOut(what, error) {
  if (!(error instanceof Unavailable)) throw error;
  const outcome = process.env.CI === 'true' ? 'failed' : 'skipped';
  console.log(`\nNOTICE: ${what}: ${outcome}, ${error.message}`);
  return outcome;
}

module.exports = { Unavailable, leaveOut };
