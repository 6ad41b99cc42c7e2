'use strict';

/**
 * The command line: creates and inspects tables.
 */

const { inspect } = require('util');

const { printable } = require('../native/addon');
const { UsageError, parse } = require('./arguments');
const { COMMANDS } = require('./commands');
const { FAILURE, SUCCESS, USAGE } = require('./exit-codes');
const { help } = require('./help');

/**
 * @param {string[]} args
 * @param {string} version this package's
 * @returns {Promise<number>} the exit code
 */
async function main(args, version) {
  try {
    const { command, values } = parse(args);
    if (values.help || command === undefined) {
      console.log(help(command));
      return values.help ? SUCCESS : USAGE;
    }
    if (command === 'version') {
      console.log(version);
      return SUCCESS;
    }
    return await COMMANDS[command](values);
  } catch (failure) {
    return report(failure);
  }
}

/**
 * Prints a failure.
 *
 * @param {any} failure
 * @returns {number} the exit code
 */
function report(failure) {
  if (failure instanceof UsageError) {
    console.error(`${printable(failure.message)}\nTry: dynamodb-feature-store --help`);
    return USAGE;
  }
  // An error without a code is a defect of this package and is printed in full.
  console.error(failure && failure.code ? printable(failure.message) : inspect(failure));
  return FAILURE;
}

module.exports = { main };
