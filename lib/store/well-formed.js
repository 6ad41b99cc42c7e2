'use strict';

/** Half of a surrogate pair, which JavaScript strings may hold and UTF-8 can't. */
const LONE_SURROGATE = /[\uD800-\uDFFF]/u;
const NOT_WELL_FORMED =
  "it has half of a surrogate pair, which is no character and can't be stored";

/**
 * Works like `String.prototype.isWellFormed`, which needs Node 20.
 *
 * @param {string} text
 * @returns {boolean} whether the text has a UTF-8 form, so that it can be stored
 */
function isWellFormed(text) {
  return !LONE_SURROGATE.test(text);
}

module.exports = { NOT_WELL_FORMED, isWellFormed };
