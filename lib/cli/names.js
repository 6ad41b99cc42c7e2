'use strict';

/**
 * How messages name kinds and prefixes.
 */

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

module.exports = { kindName, underPrefix };
