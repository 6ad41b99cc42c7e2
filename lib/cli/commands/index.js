'use strict';

/**
 * The commands. Each returns an exit code.
 *
 * @type {Record<string, (values: import('../arguments').Values) => Promise<number>>}
 */
const COMMANDS = {
  'create-table': require('./create-table').createTable,
  check: require('./check').check,
  get: require('./get').get,
  list: require('./list').list,
};

module.exports = { COMMANDS };
