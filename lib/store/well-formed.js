'use strict';

/** JavaScript strings may hold half of a surrogate pair, which has no UTF-8 form. */
const LONE_SURROGATE = /\p{Surrogate}/u;
/** What is wrong with a text that is not well-formed. */
const NOT_WELL_FORMED =
  "it has half of a surrogate pair, which is no character and can't be stored";

/**
 * `String.prototype.isWellFormed`, which Node has since version 20.
 *
 * @param {string} text
 * @returns {boolean} whether it can be written as UTF-8, and so be stored
 */
function isWellFormed(text) {
  return !LONE_SURROGATE.test(text);
}

module.exports = { NOT_WELL_FORMED, isWellFormed };
