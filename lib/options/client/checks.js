'use strict';

/**
 * Checks of single values.
 */

const { fail } = require('../checks');

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string}
 */
function requireText(name, value) {
  if (typeof value !== 'string' || value === '') fail(name, 'a string', value);
  return value;
}

/**
 * @template T
 * @param {(name: string, value: unknown) => T} check
 * @returns {(name: string, value: unknown) => T | undefined} takes an empty text for "not given", too, as the
 *   AWS SDKs do with some options
 */
function unlessEmpty(check) {
  return (name, value) => (value === '' ? undefined : check(name, value));
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {boolean}
 */
function requireFlag(name, value) {
  if (typeof value !== 'boolean') fail(name, 'true or false', value);
  return value;
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {number} of milliseconds
 */
function requireMilliseconds(name, value) {
  if (typeof value !== 'number' || !(value >= 0)) fail(name, 'a number of milliseconds', value);
  return value;
}

/**
 * @param {string[]} words
 * @returns {(name: string, value: unknown) => string} takes one of them
 */
function requireOneOf(words) {
  return (name, value) => {
    if (typeof value !== 'string' || !words.includes(value)) {
      fail(name, `one of ${words.join(', ')}`, value);
    }
    return value;
  };
}

module.exports = { requireFlag, requireMilliseconds, requireOneOf, requireText, unlessEmpty };
