'use strict';

/**
 * What is measured and compared.
 *
 * @typedef {object} StoreOptions
 * @property {string} endpoint of the stub
 * @property {object} logger
 * @property {number} [cacheTTL] in seconds; the package's default where not given
 *
 * @typedef {object} Store a way to keep flags
 * @property {string} name
 * @property {string} label
 * @property {import('./sdks').Sdk} sdk the SDK that it runs in
 * @property {string} [package] what is installed for it; none where it is part of the SDK
 * @property {() => any} load requires the package
 * @property {(loaded: any, options: StoreOptions) => any} create what an application gives to its SDK
 *   as `featureStore`
 * @property {(created: any, logger: object) => any} open makes what its SDK makes of that
 * @property {(sdk: any, flagCount: number, options: StoreOptions) => Promise<any>} startFilledClient
 *   a client that has these flags
 */

const ours = require('./ours');
const oursInSdk9 = require('./ours-in-sdk9');
const sdk5 = require('./sdk5-package');
const sdk7 = require('./sdk7-package');
const sdk9 = require('./sdk9-package');
const sdk7Memory = require('./sdk7-memory');
const sdk9Memory = require('./sdk9-memory');

/** @type {Store[]} those that keep flags in DynamoDB */
const PERSISTENT = [ours, sdk5, sdk7, sdk9];
/** @type {Store[]} the same, with ours in another SDK as well */
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
 * Whether all that a store needs is installed.
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
