'use strict';

/**
 * The stores that are measured. In each generation of the SDK: this package's (`ours`), the one that
 * LaunchDarkly publishes for DynamoDB (`theirs`) and, in newer ones, the SDK's own in memory (`memory`). Stores
 * are compared with this package's in the same SDK.
 *
 * @typedef {object} StoreOptions
 * @property {string} endpoint of the stub
 * @property {object} logger
 * @property {number} [cacheTTL] in seconds; default: the package's own
 *
 * @typedef {object} Package a package with a store on DynamoDB
 * @property {string} label
 * @property {string} package the folder in `node_modules`
 * @property {() => any} load requires the package
 * @property {(loaded: any, options: StoreOptions) => any} create makes the value that an application
 *   passes to its SDK as `featureStore`
 *
 * @typedef {object} Store
 * @property {string} name
 * @property {string} label
 * @property {'ours' | 'theirs' | 'memory'} role
 * @property {import('./sdks').Sdk} sdk
 * @property {(flagCount: number, options: StoreOptions) => Promise<any>} startFilledClient starts an SDK
 *   client that has these flags
 *
 * @typedef {Store & Package} PersistentStore
 */

const { fillTestData, fillStore } = require('./memory');
const { ours, publishedForSdk5, publishedForSdk7, wrapper } = require('./packages');
const { SDK_5, SDK_7, SDK_8, SDK_9 } = require('./sdks');

/** The generations, in the order of reports. */
const SDKS = [SDK_9, SDK_8, SDK_7, SDK_5];

/** @type {PersistentStore[]} */
const PERSISTENT = [
  persistent(SDK_9, 'ours', ours),
  persistent(SDK_9, 'theirs', wrapper(SDK_9)),
  persistent(SDK_8, 'ours', ours),
  persistent(SDK_8, 'theirs', wrapper(SDK_8)),
  persistent(SDK_7, 'ours', ours),
  persistent(SDK_7, 'theirs', publishedForSdk7),
  persistent(SDK_5, 'ours', ours),
  persistent(SDK_5, 'theirs', publishedForSdk5),
];
const OURS = PERSISTENT.filter(({ role }) => role === 'ours');
/** @type {Store[]} */
const ALL = [
  ...PERSISTENT,
  inMemory(SDK_9, fillTestData(SDK_9)),
  inMemory(SDK_8, fillTestData(SDK_8)),
  inMemory(SDK_7, fillStore),
];

/**
 * @param {import('./sdks').Sdk} sdk
 * @param {Store['role']} role
 * @param {Package} published
 * @returns {PersistentStore}
 */
function persistent(sdk, role, published) {
  const { load, create } = published;
  return {
    ...published,
    name: nameOf(sdk, role),
    role,
    sdk,
    // The table already has the flags.
    startFilledClient: (_flagCount, options) =>
      sdk.startClient({ featureStore: create(load(), options) }, options.logger),
  };
}

/**
 * @param {import('./sdks').Sdk} sdk
 * @param {(flagCount: number) => Promise<object>} fill returns the client's configuration
 * @returns {Store}
 */
function inMemory(sdk, fill) {
  return {
    name: nameOf(sdk, 'memory'),
    label: "the SDK's own store in memory",
    role: 'memory',
    sdk,
    startFilledClient: async (flagCount, { logger }) =>
      sdk.startClient(await fill(flagCount), logger),
  };
}

/**
 * @param {import('./sdks').Sdk} sdk
 * @param {Store['role']} role
 * @returns {string} such as `sdk9-ours`
 */
function nameOf(sdk, role) {
  return `${sdk.name.replace(' ', '').toLowerCase()}-${role}`;
}

/**
 * @param {string} name
 * @returns {Store}
 */
function storeByName(name) {
  const found = ALL.find((store) => store.name === name);
  if (!found) throw new Error(`there is no store ${name}`);
  return found;
}

module.exports = { ALL, OURS, PERSISTENT, SDKS, nameOf, storeByName };
