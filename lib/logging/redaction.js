'use strict';

/**
 * What was thrown, by the caller's functions and clients or by a defect, as a line of the log.
 */

const { printable } = require('../native/addon');

/** The longest text that is shown, in characters. */
const LONGEST = 300;
/** How much of a text is looked at, in UTF-16 code units. */
const LOOKED_AT = 4096;
/** Whatever may be a key, a token or a signature: long, and of their characters. */
const POSSIBLE_SECRET = /[A-Za-z0-9+/=_%-]{16,}/g;

/** Says in this package's own words what it can't work with: such a message is shown as it is. */
class CallError extends Error {}

const NO_REASON = 'no reason was given';

/**
 * @param {any} failure whatever was thrown; anything can be. Never throws.
 * @returns {string} one line of it, without what may be a secret
 */
function describeFailure(failure) {
  if (isCallError(failure)) return failure.message;
  const text = textOf(failure);
  // A part of a word may be a part of a secret.
  const beginning = text.length > LOOKED_AT ? text.slice(0, LOOKED_AT).replace(/\S*$/, '…') : text;
  const line = printable(beginning.replace(/\s+/g, ' ').trim());
  const shown = line.replace(POSSIBLE_SECRET, (word) => (/[0-9]/.test(word) ? '…' : word));
  return Array.from(shown).slice(0, LONGEST).join('') || NO_REASON;
}

/**
 * @param {any} failure
 * @returns {boolean}
 */
function isCallError(failure) {
  try {
    return failure instanceof CallError;
  } catch (_) {
    // A proxy may refuse even that.
    return false;
  }
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

module.exports = { CallError, describeFailure, isCallError };
