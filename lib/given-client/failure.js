'use strict';

/**
 * What a client failed with, in the words that the native store classifies.
 *
 * @typedef {{name: string, message: string, status: number | null}} Failure
 */

/**
 * @param {any} error whatever was thrown or handed over
 * @returns {Failure}
 */
function failure(error) {
  if (typeof error !== 'object' || error === null) {
    return { name: 'Error', message: String(error), status: null };
  }
  const { code, name, message, statusCode, $metadata } = error;
  const status = statusCode || ($metadata && $metadata.httpStatusCode);
  return {
    name: text(code) || text(name) || 'Error',
    message: text(message) || '',
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
