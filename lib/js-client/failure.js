'use strict';

/**
 * What a client failed with, in the words that the native store classifies.
 *
 * @typedef {{name: string, message: string, status: number | null}} Failure
 */

const { describeFailure } = require('../logging/redaction');

/**
 * @param {any} error whatever was thrown or handed over
 * @returns {Failure}
 */
function failure(error) {
  try {
    return described(error);
  } catch (_) {
    // Getters of its own may throw, too.
    return { name: 'Error', message: describeFailure(error), status: null };
  }
}

/**
 * @param {any} error
 * @returns {Failure}
 */
function described(error) {
  const isError = typeof error === 'object' && error !== null;
  const { code, name, statusCode, $metadata } = isError ? error : {};
  const status = statusCode || ($metadata && $metadata.httpStatusCode);
  return {
    name: text(code) || text(name) || 'Error',
    message: describeFailure(error),
    status: Number.isInteger(status) ? status : null,
  };
}

/**
 * @param {unknown} value
 * @returns {string | undefined}
 */
function text(value) {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

module.exports = { failure };
