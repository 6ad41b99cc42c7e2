'use strict';

/**
 * Parses the arguments of the command line.
 */

/**
 * @typedef {object} Values
 * @property {string} table
 * @property {string} [key]
 * @property {string} [prefix]
 * @property {string} [kind]
 * @property {[number, number]} [provisioned] read and write capacity units per second
 * @property {string} [endpoint]
 * @property {string} [region]
 * @property {string} [profile]
 * @property {boolean} [json]
 * @property {boolean} [help]
 *
 * @typedef {object} Option
 * @property {number} takes the number of values that follow the option
 * @property {(texts: string[]) => any} [read] converts these texts to the option's value
 */

class UsageError extends Error {}

const FLAG = { takes: 0 };
const TEXT = { takes: 1 };
/** @type {Record<string, Option>} options of every command */
const COMMON = { endpoint: TEXT, region: TEXT, profile: TEXT, json: FLAG, help: FLAG };
/** @type {Option} */
const KIND = { takes: 1, read: ([text]) => kindNamed(text) };

/** @type {Record<string, {names: string[], options: Record<string, Option>}>} */
const COMMANDS = {
  'create-table': {
    names: ['table'],
    options: { ...COMMON, provisioned: { takes: 2, read: (texts) => texts.map(unitsIn) } },
  },
  check: { names: ['table'], options: { ...COMMON, prefix: TEXT } },
  list: { names: ['table'], options: { ...COMMON, prefix: TEXT, kind: KIND } },
  get: { names: ['table', 'key'], options: { ...COMMON, prefix: TEXT, kind: KIND } },
  version: { names: [], options: { help: FLAG } },
};

/**
 * The names of the kinds on the command line.
 *
 * @type {Record<string, string>}
 */
const KINDS = {
  features: 'features',
  flag: 'features',
  flags: 'features',
  segment: 'segments',
  segments: 'segments',
};

/**
 * @param {string[]} args
 * @returns {{command?: string, values: Values}}
 * @throws {UsageError}
 */
function parse(args) {
  /** @type {any} */
  const values = {};
  const [first, ...rest] = args;
  if (first === undefined) return { values };
  if (first === '--help' || first === '-h') return { values: { ...values, help: true } };
  const command = first === '--version' ? 'version' : first;
  const known = Object.prototype.hasOwnProperty.call(COMMANDS, command) && COMMANDS[command];
  if (!known) throw new UsageError(`There is no command ${shown(command)}.`);
  const positional = readOptions(rest, known.options, values);
  if (values.help) return { command, values };
  known.names.forEach((name, i) => {
    if (!positional[i]) throw new UsageError(`${command}: the ${name}'s name is missing.`);
    values[name] = positional[i];
  });
  if (positional.length > known.names.length) {
    const [extra] = positional.slice(known.names.length);
    throw new UsageError(`${command}: ${shown(extra)} is one argument too many.`);
  }
  return { command, values };
}

/**
 * @param {string[]} args
 * @param {Record<string, Option>} options
 * @param {any} values receives the options' values
 * @returns {string[]} the other arguments
 */
function readOptions(args, options, values) {
  const positional = [];
  const left = [...args];
  while (left.length > 0) {
    const argument = /** @type {string} */ (left.shift());
    if (argument === '--') return [...positional, ...left];
    if (argument === '-h') values.help = true;
    else if (argument.startsWith('--')) readOption(argument, left, options, values);
    else positional.push(argument);
  }
  return positional;
}

/**
 * @param {string} argument
 * @param {string[]} left the arguments that follow; the option's values are removed from it
 * @param {Record<string, Option>} options
 * @param {any} values
 */
function readOption(argument, left, options, values) {
  const [, name, , joined] = /** @type {string[]} */ (/^--([^=]*)(=(.*))?$/s.exec(argument));
  if (!Object.prototype.hasOwnProperty.call(options, name)) {
    throw new UsageError(`There is no option --${name} here.`);
  }
  const { takes, read } = options[name];
  if (takes === 0 && joined !== undefined) throw new UsageError(`--${name} takes no value.`);
  const texts = joined === undefined ? [] : [joined];
  while (texts.length < takes && left.length > 0) texts.push(/** @type {string} */ (left.shift()));
  if (texts.length < takes) {
    throw new UsageError(`--${name} takes ${takes === 1 ? 'a value' : `${takes} values`}.`);
  }
  if (takes === 0) values[name] = true;
  else values[name] = read ? read(texts) : texts[0];
}

/**
 * @param {string} text
 * @returns {number}
 */
function unitsIn(text) {
  const units = Number(text);
  if (!Number.isInteger(units) || units < 1 || units > 0xffffffff) {
    throw new UsageError(`--provisioned takes two whole numbers above 0, not ${shown(text)}.`);
  }
  return units;
}

/**
 * @param {string} text
 * @returns {string} the namespace, without a prefix
 */
function kindNamed(text) {
  if (Object.prototype.hasOwnProperty.call(KINDS, text)) return KINDS[text];
  throw new UsageError(`--kind is flags or segments, not ${shown(text)}.`);
}

/**
 * @param {string} text
 */
function shown(text) {
  return JSON.stringify(text);
}

module.exports = { UsageError, parse };
