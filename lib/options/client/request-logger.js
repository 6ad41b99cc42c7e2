'use strict';

/**
 * `clientOptions.logger`: gets one line for each request, as in the AWS SDKs.
 */

const { own } = require('../../host/own');
const { fail } = require('../checks');

/** The methods of version 3's and version 2's loggers. The first method that exists is called. */
const METHODS = ['info', 'log', 'write', 'debug'];

/**
 * @param {string} name
 * @param {any} logger
 * @returns {(line: string) => void}
 */
function requestLogger(name, logger) {
  const method = METHODS.find((one) => typeof own(logger, one) === 'function');
  if (method === undefined) fail(name, `an object with a method ${METHODS.join(', ')}`, logger);
  return (line) => {
    logger[method](method === 'write' ? `${line}\n` : line);
  };
}

module.exports = { requestLogger };
