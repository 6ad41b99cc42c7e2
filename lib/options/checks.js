'use strict';

/**
 * Shared pieces of checking what a caller passed.
 */

/**
 * @param {string} name the option, as the caller wrote it
 * @param {string} expected what it has to be
 * @param {unknown} value what it is
 * @returns {never}
 */
function fail(name, expected, value) {
  throw new TypeError(`${name} must be ${expected}, not ${describe(value)}`);
}

/**
 * A value in a few characters. Texts are not shown: one in the wrong place may be a secret.
 *
 * @param {unknown} value
 * @returns {string}
 */
function describe(value) {
  if (value === '') return 'an empty string';
  if (typeof value === 'string') return 'a string';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'bigint' || typeof value === 'symbol') return `a ${typeof value}`;
  return String(value);
}

/**
 * @param {unknown} value
 * @returns {boolean} `null` means "not given"
 */
function isGiven(value) {
  return value !== undefined && value !== null;
}

/**
 * @template T
 * @param {string} name
 * @param {unknown} value
 * @param {(name: string, value: unknown) => T} check
 * @returns {T | undefined} `undefined` where the value is not given
 */
function optional(name, value, check) {
  return isGiven(value) ? check(name, value) : undefined;
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function requireObject(name, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(name, 'an object', value);
  }
  return /** @type {Record<string, unknown>} */ (value);
}

module.exports = { describe, fail, isGiven, optional, requireObject };
