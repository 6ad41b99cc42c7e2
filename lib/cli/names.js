'use strict';

/**
 * How messages name kinds, keys, prefixes and tables.
 */

const { printable } = require('./package');

/**
 * @param {string} kind
 */
function kindName(kind) {
  return kind === 'segments' ? 'segment' : 'flag';
}

/**
 * @param {string} prefix
 */
function underPrefix(prefix) {
  return prefix === '' ? 'without a prefix' : `under the prefix ${JSON.stringify(prefix)}`;
}

/**
 * @param {{table: string, prefix: string, region: string, endpoint: string}} place
 */
function placeName({ table, prefix, region, endpoint }) {
  return `the table ${JSON.stringify(table)} in ${region} (${endpoint}), ${underPrefix(prefix)}`;
}

/**
 * @param {string} key
 * @returns {string} the key on one line, quoted if necessary
 */
function keyName(key) {
  const quoted = JSON.stringify(key);
  return printable(quoted === `"${key}"` ? key : quoted);
}

module.exports = { keyName, kindName, placeName, underPrefix };
