'use strict';

const { FAILURE, USAGE } = require('./exit-codes');

/**
 * What the reader can do next.
 *
 * @typedef {{text: string, command?: string}} Step `command` is a line for a shell
 */

/** Ends a command with a message, without a stack. */
class Failure extends Error {
  /**
   * @param {string} message without a full stop at its end
   * @param {Step[]} [steps]
   * @param {number} [exitCode]
   */
  constructor(message, steps = [], exitCode = FAILURE) {
    super(message);
    this.steps = steps;
    this.exitCode = exitCode;
  }
}

/** Wrong arguments. */
class UsageError extends Failure {
  /**
   * @param {string} message without a full stop at its end
   * @param {Step[]} [steps]
   */
  constructor(message, steps) {
    super(message, steps, USAGE);
  }
}

module.exports = { Failure, UsageError };
