'use strict';

const { CONNECTION } = require('./arguments');
const { printable } = require('./package');

/**
 * A command line to copy, without passwords, with the options of the present one that say where the table is.
 *
 * @param {any} values the present arguments
 * @param {string} command
 * @param {string[]} [more] options
 * @returns {string}
 */
function commandLine(values, command, more = []) {
  const connection = Object.keys(CONNECTION).flatMap((name) =>
    values[name] === undefined ? [] : [`--${name}`, values[name]]
  );
  const words = [command, values.table, ...more, ...connection];
  return ['npx dynamodb-feature-store', ...words.map(printable).map(quoted)].join(' ');
}

/**
 * @param {string} word
 * @returns {string} the word as POSIX shells take it
 */
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

module.exports = { commandLine };
