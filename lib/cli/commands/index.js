'use strict';

/**
 * The commands. Each returns an exit code.
 *
 * @type {Record<string, (values: import('../arguments').Values) => Promise<number>>}
 */
const COMMANDS = {
  'create-table': require('./create-table').createTable,
  check: require('./check').check,
  diff: require('./diff').diff,
  export: require('./export').exportFlags,
  get: require('./get').get,
  import: require('./import').importFlags,
  list: require('./list').list,
  sync: require('./sync').sync,
};

module.exports = { COMMANDS };
