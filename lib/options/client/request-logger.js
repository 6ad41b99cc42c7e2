'use strict';

/**
 * A logger of the AWS SDKs, which gets a line for each call.
 */

const { own } = require('../../host/own');
const { fail } = require('../checks');

/** What such a logger may have: the levels of version 3, and what version 2 calls. */
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
