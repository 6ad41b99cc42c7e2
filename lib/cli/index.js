'use strict';

/**
 * The command line: creates and inspects tables. Help, the version and wrong arguments need no addon, so the commands
 * are loaded on demand.
 */

const { inspect } = require('util');

const { COMMANDS, parse } = require('./arguments');
const { FAILURE, SUCCESS, USAGE } = require('./exit-codes');
const { Failure, UsageError } = require('./failure');
const { help } = require('./help');
const { print } = require('./output');
const { Style, notice } = require('./text');

/** The code of the error if there is no addon for this machine. */
const NO_ADDON = 'ERR_DYNAMODB_FEATURE_STORE_ADDON';

/**
 * @param {string[]} args
 * @param {string} version this package's
 * @returns {Promise<number>} the exit code
 */
async function main(args, version) {
  try {
    return await run(args, version);
  } catch (failure) {
    if (failure instanceof UsageError) failure.steps.push(helpOn(args[0]));
    return report(failure);
  }
}

/**
 * @param {string[]} args
 * @param {string} version
 * @returns {Promise<number>}
 */
async function run(args, version) {
  const { command, values } = parse(args);
  if (values.help || command === undefined) {
    await print(help(command, new Style(process.stdout)));
    return values.help ? SUCCESS : USAGE;
  }
  if (command === 'version') {
    await print(version);
    return SUCCESS;
  }
  return require('./commands').COMMANDS[command](values);
}

/**
 * @param {string} command
 * @returns {import('./failure').Step}
 */
function helpOn(command) {
  const words = Object.keys(COMMANDS).includes(command) ? `${command} ` : '';
  return { text: 'See', command: `npx dynamodb-feature-store ${words}--help` };
}

/**
 * Prints a failure: one line, or on a terminal paragraphs.
 *
 * @param {any} failure
 * @returns {number} the exit code
 */
function report(failure) {
  if (failure instanceof Failure) {
    const { exitCode, message, steps } = failure;
    console.error(notice(process.stderr, message, steps));
    return exitCode;
  }
  if (failure && failure.code === NO_ADDON) {
    console.error(failure.message.split('\n')[0]);
    return FAILURE;
  }
  // Anything else is a defect of this package and is printed in full.
  console.error(inspect(failure));
  return FAILURE;
}

module.exports = { main };
