'use strict';

/**
 * `DynamoDBFeatureStore(…)`: checks the options and makes a feature store.
 */

const { LogRouter } = require('./logging/router');
const { storeOptions } = require('./options');
const { JSON_CONTRACT } = require('./store/contract');
const { Core } = require('./store/core');
const { storeValue } = require('./store/store-value');
const { viewMethods } = require('./store/view');

/**
 * @param {string} tableName
 * @param {object | null} [options]
 */
function DynamoDBFeatureStore(tableName, options) {
  const { native, hostFunctions, logger, requestLogger, sdk, warnings } = storeOptions(
    tableName,
    options
  );
  const logs = new LogRouter('DynamoDBFeatureStore', tableName, logger, requestLogger);
  const store = storeValue(
    logs,
    () => new Core(native, logs, hostFunctions),
    (access, config, value) => {
      const isContext = Boolean(config && config.basicConfiguration);
      // Loaded on demand because only SDK 8 and 9 need it.
      const contract = isContext
        ? require('./sdk').contractOf(logs, config, sdk, value)
        : JSON_CONTRACT;
      return viewMethods(logs, access, contract);
    }
  );
  // Lines name the place of the table, which the native store knows.
  for (const warning of warnings) logs.log('warn', 'OPTION_IGNORED', warning);
  return store;
}

module.exports = { DynamoDBFeatureStore };
