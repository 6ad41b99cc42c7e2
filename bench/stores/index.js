'use strict';

/**
 * The stores that are measured and compared.
 *
 * @typedef {object} StoreOptions
 * @property {string} endpoint of the stub
 * @property {object} logger
 * @property {number} [cacheTTL] in seconds; default: the package's own
 *
 * @typedef {object} Store a store to measure
 * @property {string} name
 * @property {string} label
 * @property {import('./sdks').Sdk} sdk the SDK that it runs in
 * @property {string} [package] the package to install; none if the SDK includes the store
 * @property {() => any} load requires the package
 * @property {(loaded: any, options: StoreOptions) => any} create makes the value that an application
 *   passes to its SDK as `featureStore`
 * @property {(created: any, logger: object) => any} open makes the object that the SDK calls
 * @property {(sdk: any, flagCount: number, options: StoreOptions) => Promise<any>} startFilledClient
 *   starts a client that has these flags
 */

const ours = require('./ours');
const oursInSdk9 = require('./ours-in-sdk9');
const sdk5 = require('./sdk5-package');
const sdk7 = require('./sdk7-package');
const sdk9 = require('./sdk9-package');
const sdk7Memory = require('./sdk7-memory');
const sdk9Memory = require('./sdk9-memory');

/** @type {Store[]} the stores on DynamoDB */
const PERSISTENT = [ours, sdk5, sdk7, sdk9];
/** @type {Store[]} the same, and this package's store in another SDK */
const PERSISTENT_IN_ALL_SDKS = [ours, oursInSdk9, sdk5, sdk7, sdk9];
/** @type {Store[]} */
const ALL = [...PERSISTENT_IN_ALL_SDKS, sdk7Memory, sdk9Memory];

/**
 * @param {string} name
 * @returns {Store}
 */
function storeByName(name) {
  const found = ALL.find((store) => store.name === name);
  if (!found) throw new Error(`there is no store ${name}`);
  return found;
}

/**
 * Checks whether all packages that a store needs are installed.
 *
 * @param {Store} store
 */
function isInstalled(store) {
  if (!store.package || store.package === ours.package) return true;
  try {
    require.resolve(store.package);
    return true;
  } catch {
    return false;
  }
}

module.exports = {
  ALL,
  PERSISTENT,
  PERSISTENT_IN_ALL_SDKS,
  isInstalled,
  ours,
  oursInSdk9,
  storeByName,
};
