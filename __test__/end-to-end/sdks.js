'use strict';

/**
 * The published SDKs that the tests run with, and what tells their generations apart.
 */

const { createRequire } = require('node:module');
const path = require('node:path');

/**
 * @typedef {object} Traits
 * @property {boolean} [contexts] evaluates for contexts of any kind, not only for users
 * @property {boolean} [exactUpdates] reports as updated what changed in a new data set, not all
 *   of it, and the flags that refer to it
 * @property {boolean} [stopsPolling] a closed client lets go of its timer for the next poll
 * @property {boolean} [toleratesUnreadable] goes on when it wants to compare a new data set with
 *   the old one, and the store can't read that
 * @property {boolean} [allFlags] has the method `allFlags`
 */

const GENERATION_5 = { allFlags: true };
const GENERATION_6 = { exactUpdates: true, stopsPolling: true, toleratesUnreadable: true };
const GENERATION_7 = { ...GENERATION_6, contexts: true };

const SDKS = [
  sdk('v5', 'ldclient-node-5.7', { ...GENERATION_5, toleratesUnreadable: true }),
  sdk('v5', 'ldclient-node-5.8', GENERATION_5),
  sdk('v5', 'launchdarkly-node-server-sdk', {
    ...GENERATION_5,
    exactUpdates: true,
    toleratesUnreadable: true,
  }),
  sdk('v6-v7', 'launchdarkly-node-server-sdk-6', GENERATION_6),
  sdk('v6-v7', 'launchdarkly-node-server-sdk-7', GENERATION_7),
];

/**
 * @param {string} folder where the SDK is installed
 * @param {string} alias the name that it has there
 * @param {Traits} traits
 */
function sdk(folder, alias, traits) {
  const load = createRequire(path.join(__dirname, '..', 'sdk-suites', folder, 'package.json'));
  const { name, version } = load(`${alias}/package.json`);
  return {
    ...traits,
    alias,
    title: `${name} ${version}`,
    LaunchDarkly: load(alias),
    InMemoryFeatureStore: load(`${alias}/feature_store`),
  };
}

/**
 * @param {string} alias
 */
function sdkNamed(alias) {
  return SDKS.find((candidate) => candidate.alias === alias);
}

module.exports = { SDKS, sdkNamed };
