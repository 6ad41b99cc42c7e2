'use strict';

/**
 * The common part of the stores on DynamoDB.
 */

const TABLE = 'flags';
const REGION = 'eu-west-1';

/**
 * @param {import('./index').StoreOptions} options
 */
function packageOptions({ endpoint, cacheTTL }) {
  const clientOptions = { endpoint, region: REGION };
  return cacheTTL === undefined ? { clientOptions } : { clientOptions, cacheTTL };
}

/**
 * @param {Pick<import('./index').Store, 'sdk' | 'load' | 'create'>} store
 * @returns {import('./index').Store['startFilledClient']} starts a client; the table already
 *   has the flags
 */
function startFilledClient({ sdk, load, create }) {
  return (loadedSdk, _flagCount, options) =>
    sdk.startClient(loadedSdk, { featureStore: create(load(), options) }, options.logger);
}

/**
 * @param {Omit<import('./index').Store, 'startFilledClient'>} store
 * @returns {import('./index').Store}
 */
function persistentStore(store) {
  return { ...store, startFilledClient: startFilledClient(store) };
}

module.exports = { TABLE, packageOptions, persistentStore };
