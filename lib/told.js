'use strict';

/**
 * What was thrown, by the caller's functions and clients or by a defect, as a line of the log.
 */

/** The longest text that is shown, in characters. */
const LONGEST = 300;
/** Whatever may be a key, a token or a signature: long, and of their characters. */
const POSSIBLE_SECRET = /[A-Za-z0-9+/=_%-]{16,}/g;

/** Says in this package's own words what it can't work with: such a message is shown as it is. */
class Refusal extends Error {}

const NO_REASON = 'no reason was given';

/**
 * @param {any} failure whatever was thrown; anything can be
 * @returns {string} one line of it, without what may be a secret
 */
function told(failure) {
  if (failure instanceof Refusal) return failure.message;
  const shown = textOf(failure)
    .replace(POSSIBLE_SECRET, (word) => (/[0-9]/.test(word) ? '…' : word))
    .replace(/\s+/g, ' ')
    .trim();
  return shown.slice(0, LONGEST) || NO_REASON;
}

/**
 * @param {any} failure
 * @returns {string}
 */
function textOf(failure) {
  if (failure === undefined || failure === null) return NO_REASON;
  try {
    const isObject = typeof failure === 'object';
    return String(isObject ? failure.message || failure.code || failure.name : failure);
  } catch (_) {
    // Getters and conversions of its own may throw, too.
    return NO_REASON;
  }
}

module.exports = { Refusal, told };
