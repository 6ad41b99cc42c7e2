'use strict';

/**
 * Converts a JS client's error to the form that the native store classifies.
 *
 * @typedef {{name: string, message: string, status: number | null}} Failure
 */

const { describeFailure } = require('../logging/redaction');

/**
 * Converts the error. Never throws.
 *
 * @param {any} error anything that was thrown or passed to the callback
 * @returns {Failure}
 */
function failure(error) {
  try {
    return readFailure(error);
  } catch (_) {
    // A getter of the error threw.
    return { name: 'Error', message: describeFailure(error), status: null };
  }
}

/**
 * @param {any} error
 * @returns {Failure}
 */
function readFailure(error) {
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
