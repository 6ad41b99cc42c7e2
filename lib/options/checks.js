'use strict';

/**
 * Checks of single option values. A check takes the option's name as the caller wrote it and the value. It
 * returns the value in the store's internal form, or throws a `TypeError` that names the option.
 *
 * @template T
 * @typedef {(name: string, value: unknown) => T} Check
 */

/**
 * The members of an error about an option.
 *
 * @type {{code: import('../..').ErrorCode}}
 */
const INVALID = { code: 'INVALID_OPTION' };

/**
 * @param {string} name
 * @param {string} expected what the value must be
 * @param {unknown} value
 * @returns {never}
 * @throws {TypeError}
 */
function fail(name, expected, value) {
  const failure = new TypeError(`${name} must be ${expected}, not ${typeName(value)}`);
  throw Object.assign(failure, INVALID);
}

/**
 * Describes the type of a value. Strings are not shown, because a misplaced one may be a secret.
 *
 * @param {unknown} value
 * @returns {string}
 */
function typeName(value) {
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
 * @returns {boolean} false for `null` and `undefined`, which mean the default
 */
function isSet(value) {
  return value !== undefined && value !== null;
}

/**
 * @template T
 * @param {string} name
 * @param {unknown} value
 * @param {Check<T>} check
 * @returns {T | undefined} `undefined` if the option is not set
 */
function optional(name, value, check) {
  return isSet(value) ? check(name, value) : undefined;
}

/**
 * Makes a check treat an empty string as not set, as the AWS SDKs do for some options.
 *
 * @template T
 * @param {Check<T>} check
 * @returns {Check<T | undefined>}
 */
function unlessEmpty(check) {
  return (name, value) => (value === '' ? undefined : check(name, value));
}

/** @type {Check<Record<string, unknown>>} */
function requireObject(name, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(name, 'an object', value);
  }
  return /** @type {Record<string, unknown>} */ (value);
}

/** @type {Check<string>} */
function requireText(name, value) {
  if (typeof value !== 'string' || value === '') fail(name, 'a string', value);
  return value;
}

/** @type {Check<boolean>} */
function requireFlag(name, value) {
  if (typeof value !== 'boolean') fail(name, 'true or false', value);
  return value;
}

/** @type {Check<number>} */
function requireMilliseconds(name, value) {
  if (typeof value !== 'number' || !(value >= 0)) fail(name, 'a number of milliseconds', value);
  return value;
}

/**
 * @param {string[]} words
 * @returns {Check<string>} a check that accepts one of the words
 */
function requireOneOf(words) {
  return (name, value) => {
    if (typeof value !== 'string' || !words.includes(value)) {
      fail(name, `one of ${words.join(', ')}`, value);
    }
    return value;
  };
}

module.exports = {
  INVALID,
  fail,
  isSet,
  optional,
  requireFlag,
  requireMilliseconds,
  requireObject,
  requireOneOf,
  requireText,
  unlessEmpty,
};
