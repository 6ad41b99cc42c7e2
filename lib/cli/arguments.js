'use strict';

/**
 * Parses the arguments of the command line.
 */

const { UsageError } = require('./failure');
const { similar } = require('./similar');

/**
 * @typedef {object} Values
 * @property {string} table
 * @property {string} [key]
 * @property {string} [file]
 * @property {string} [other] a table to compare with
 * @property {string} [prefix]
 * @property {string} [kind]
 * @property {[number, number]} [provisioned] read and write capacity units per second
 * @property {[string, string][]} [tag] keys and values
 * @property {boolean} [deletionProtection]
 * @property {boolean} [pointInTimeRecovery]
 * @property {boolean} [ifNotExists]
 * @property {string} [endpoint]
 * @property {string} [region]
 * @property {string} [profile]
 * @property {string} [otherPrefix]
 * @property {string} [otherEndpoint]
 * @property {string} [otherRegion]
 * @property {string} [otherProfile]
 * @property {string} [output] a file
 * @property {boolean} [dryRun]
 * @property {string} [sdkKeyEnv] a variable
 * @property {string} [baseUri]
 * @property {number} [watch] seconds
 * @property {boolean} [allowOlder]
 * @property {boolean} [allowEmpty]
 * @property {boolean} [json]
 * @property {boolean} [help]
 *
 * @typedef {object} Option
 * @property {number} takes the number of values that follow the option
 * @property {(texts: string[], before: any) => any} [read] converts these texts to the option's value; `before` is
 *   its value so far
 */

/** @type {Option} */
const FLAG = { takes: 0 };
/** @type {Option} */
const TEXT = { takes: 1 };
/** @type {Option} */
const KIND = { takes: 1, read: ([text]) => kindNamed(text) };
/** @type {Option} */
const TAG = { takes: 1, read: ([text], before = []) => [...before, tagIn(text)] };
/** @type {Option} */
const UNITS = { takes: 2, read: (texts) => texts.map(unitsIn) };
/** @type {Option} */
const VARIABLE = { takes: 1, read: ([text]) => variableNamed(text) };
/** @type {Option} */
const SECONDS = { takes: 1, read: ([text]) => secondsIn(text) };
/** @type {Record<string, Option>} options that say where the table is */
const CONNECTION = {
  endpoint: notEmpty('endpoint'),
  region: notEmpty('region'),
  profile: notEmpty('profile'),
};
/** @type {Record<string, Option>} the same for a table to compare with */
const OTHER = {
  'other-prefix': TEXT,
  'other-endpoint': notEmpty('other-endpoint'),
  'other-region': notEmpty('other-region'),
  'other-profile': notEmpty('other-profile'),
};
/** @type {Record<string, Option>} options of every command that reads or creates a table */
const COMMON = { ...CONNECTION, json: FLAG, help: FLAG };

/** @type {Record<string, {names: string[], options: Record<string, Option>}>} */
const COMMANDS = {
  'create-table': {
    names: ['table'],
    options: {
      ...COMMON,
      provisioned: UNITS,
      tag: TAG,
      'deletion-protection': FLAG,
      'point-in-time-recovery': FLAG,
      'if-not-exists': FLAG,
    },
  },
  check: { names: ['table'], options: { ...COMMON, prefix: TEXT } },
  list: { names: ['table'], options: { ...COMMON, prefix: TEXT, kind: KIND } },
  get: { names: ['table', 'key'], options: { ...COMMON, prefix: TEXT, kind: KIND } },
  export: {
    names: ['table'],
    options: { ...CONNECTION, prefix: TEXT, output: notEmpty('output'), help: FLAG },
  },
  import: {
    names: ['table', 'file'],
    options: { ...COMMON, prefix: TEXT, 'dry-run': FLAG },
  },
  sync: {
    names: ['table'],
    options: {
      ...COMMON,
      prefix: TEXT,
      'sdk-key-env': VARIABLE,
      'base-uri': notEmpty('base-uri'),
      watch: SECONDS,
      'dry-run': FLAG,
      'allow-older': FLAG,
      'allow-empty': FLAG,
    },
  },
  diff: { names: ['table', 'other'], options: { ...COMMON, prefix: TEXT, ...OTHER } },
  version: { names: [], options: { help: FLAG } },
};

/** @type {Record<string, string>} options of one letter */
const SHORT = { '-h': '--help', '-o': '--output' };

/** @type {Record<string, string>} what messages call arguments, if not by their names */
const ARGUMENTS = { other: 'other table' };

/** A day. */
const MOST_SECONDS = 86_400;

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
  if (first === 'help') return parse(rest.length > 0 ? [rest[0], '--help'] : ['--help']);
  const command = first === '--version' ? 'version' : first;
  if (!has(COMMANDS, command)) throw unknown('command', command, Object.keys(COMMANDS));
  const { names, options } = COMMANDS[command];
  const positional = readOptions(rest, options, values);
  if (values.help) return { command, values };
  names.forEach((name, i) => {
    if (!positional[i]) {
      throw new UsageError(`${command}: the ${ARGUMENTS[name] || name}'s name is missing`);
    }
    values[name] = positional[i];
  });
  if (positional.length > names.length) {
    const value = positional[names.length];
    // Somebody may have passed the key instead of the name of its variable.
    const extra = /^sdk-/.test(value) ? 'an SDK key' : shown(value);
    throw new UsageError(`${command}: ${extra} is one argument too many`);
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
    if (/^-./.test(argument)) readOption(argument, left, options, values);
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
  const [, dashes, name, , joined] = /** @type {string[]} */ (
    /^(--?)([^=]*)(=(.*))?$/s.exec(SHORT[argument] || argument)
  );
  if (dashes !== '--' || !has(options, name)) {
    throw unknown('option', `${dashes}${name}`, Object.keys(options));
  }
  const { takes, read } = options[name];
  if (takes === 0 && joined !== undefined) throw new UsageError(`--${name} takes no value`);
  const texts = joined === undefined ? [] : [joined];
  while (texts.length < takes && left.length > 0) texts.push(/** @type {string} */ (left.shift()));
  if (texts.length < takes) {
    const wanted = takes === 1 ? 'a value' : `${takes} values`;
    throw new UsageError(`--${name} takes ${wanted}`);
  }
  const member = name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  if (takes === 0) values[member] = true;
  else values[member] = read ? read(texts, values[member]) : texts[0];
}

/**
 * @param {string} name
 * @returns {Option} one that rejects an empty value, which may be a script's empty variable
 */
function notEmpty(name) {
  /** @type {Option['read']} */
  const read = ([text]) => {
    if (text === '') throw new UsageError(`--${name} must not be empty`);
    return text;
  };
  return { takes: 1, read };
}

/**
 * @param {string} text
 * @returns {number}
 */
function unitsIn(text) {
  const units = Number(text);
  if (!Number.isInteger(units) || units < 1 || units > 0xffffffff) {
    throw new UsageError(`--provisioned takes two whole numbers above 0, not ${shown(text)}`);
  }
  return units;
}

/**
 * @param {string} text
 * @returns {[string, string]}
 */
function tagIn(text) {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) || [];
  if (key === undefined) throw new UsageError(`--tag takes KEY=VALUE, not ${shown(text)}`);
  return [key, value];
}

/**
 * @param {string} text
 * @returns {string} the namespace, without a prefix
 */
function kindNamed(text) {
  if (has(KINDS, text)) return KINDS[text];
  throw new UsageError(`--kind is flags or segments, not ${shown(text)}`);
}

/**
 * @param {string} text is not shown, because it may be the key itself
 * @returns {string}
 */
function variableNamed(text) {
  if (/^[A-Za-z_]\w*$/.test(text)) return text;
  throw new UsageError('--sdk-key-env takes the name of an environment variable, not a key');
}

/**
 * @param {string} text
 * @returns {number}
 */
function secondsIn(text) {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_SECONDS) return seconds;
  throw new UsageError(`--watch takes a whole number of seconds above 0, not ${shown(text)}`);
}

/**
 * @param {'command' | 'option'} what
 * @param {string} word
 * @param {string[]} names the known ones
 */
function unknown(what, word, names) {
  const dashes = what === 'option' ? '--' : '';
  const meant = similar(word.replace(/^-+/, ''), names);
  const question = meant ? `. Did you mean ${dashes}${meant}?` : '';
  return new UsageError(`unknown ${what} ${/^[\w-]+$/.test(word) ? word : shown(word)}${question}`);
}

/**
 * @param {string} text
 * @returns {string} the text in quotes, with escapes for what is not visible
 */
function shown(text) {
  return JSON.stringify(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    const [code = 0] = [character.codePointAt(0)];
    return `\\u{${code.toString(16)}}`;
  });
}

/**
 * @param {object} object
 * @param {string} name
 */
function has(object, name) {
  return Object.prototype.hasOwnProperty.call(object, name);
}

module.exports = { COMMANDS, CONNECTION, parse };
