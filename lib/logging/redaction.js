'use strict';

/**
 * Describes a value thrown by the caller's code or by a defect in one line that is safe to log: short,
 * printable and without secrets.
 *
 * @typedef {import('../..').ErrorCode} ErrorCode
 */

const { printable } = require('../native/addon');

/** The longest description, in characters. */
const MAX_LENGTH = 300;
/** How much of a message is examined, in UTF-16 code units. */
const MAX_READ = 4096;
/** A possible key, token or signature: a long word of these characters. It must also contain a digit. */
const POSSIBLE_SECRET = /[A-Za-z0-9+/=_%-]{16,}/g;

/** A call that can't be carried out. Its message is written by this package and is logged unchanged. */
class CallError extends Error {
  /**
   * @param {string} message
   * @param {ErrorCode} [code]
   */
  constructor(message, code = 'INVALID_DATA') {
    super(message);
    this.code = code;
  }
}

const NO_REASON = 'no reason named';

/**
 * Never throws.
 *
 * @param {any} failure any thrown value
 * @returns {string} one line, with `…` in place of possible secrets
 */
function describeFailure(failure) {
  if (isCallError(failure)) return failure.message;
  const text = textOf(failure);
  // The last word may be cut off, so that a secret in it would not be recognised.
  const start = text.length > MAX_READ ? text.slice(0, MAX_READ).replace(/\S*$/, '…') : text;
  const line = printable(start.replace(/\s+/g, ' ').trim());
  const redacted = line.replace(POSSIBLE_SECRET, (word) => (/[0-9]/.test(word) ? '…' : word));
  return Array.from(redacted).slice(0, MAX_LENGTH).join('') || NO_REASON;
}

/**
 * @param {any} failure any thrown value
 * @returns {ErrorCode}
 */
function codeOf(failure) {
  return isCallError(failure) ? failure.code : 'INTERNAL';
}

/**
 * @param {any} failure
 * @returns {boolean}
 */
function isCallError(failure) {
  try {
    return failure instanceof CallError;
  } catch (_) {
    // `instanceof` throws for a revoked proxy.
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
    // A getter or conversion of the caller's object threw.
    return NO_REASON;
  }
}

module.exports = { CallError, codeOf, describeFailure, isCallError };
