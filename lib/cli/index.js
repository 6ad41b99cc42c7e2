'use strict';

/**
 * The command line: tables for the people who look after them.
 */

const { inspect } = require('util');

const { UsageError, parse } = require('./arguments');
const { COMMANDS } = require('./commands');
const { FAILED, FINE, MISUSED } = require('./exit-codes');
const { help } = require('./help');
const { printable } = require('../native/addon');

/**
 * @param {string[]} given the arguments
 * @returns {Promise<number>} the exit code
 */
async function main(given) {
  try {
    const { command, values } = parse(given);
    if (values.help || command === undefined) {
      console.log(help(command));
      return values.help ? FINE : MISUSED;
    }
    if (command === 'version') {
      console.log(require('../../package.json').version);
      return FINE;
    }
    return await COMMANDS[command](values);
  } catch (failure) {
    return told(failure);
  }
}

/**
 * @param {any} failure
 * @returns {number} the exit code
 */
function told(failure) {
  if (failure instanceof UsageError) {
    console.error(`${printable(failure.message)}\nTry: dynamodb-feature-store --help`);
    return MISUSED;
  }
  // Without a code it is a defect, of which all is told.
  console.error(failure && failure.code ? printable(failure.message) : inspect(failure));
  return FAILED;
}

module.exports = { main };
