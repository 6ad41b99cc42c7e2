'use strict';

/**
 * The published SDKs that the tests run with, and what distinguishes their generations.
 */

const { readFileSync } = require('node:fs');
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
 * @property {'kept' | 'kept in variations' | 'dropped'} [nulls] what becomes of members that are null
 *   when the SDK takes an item in; by default they are kept
 * @property {boolean} [dataSystem] is configured by a data system, whose persistent store this is
 * @property {boolean} [bigSegments] knows big segments
 * @property {boolean} [cached] whether its stores cache
 */

const GENERATION_5 = { allFlags: true };
const GENERATION_6 = {
  exactUpdates: true,
  stopsPolling: true,
  toleratesUnreadable: true,
  bigSegments: true,
};
const GENERATION_7 = { ...GENERATION_6, contexts: true };
const GENERATION_8 = { ...GENERATION_7, nulls: /** @type {const} */ ('dropped') };
const GENERATION_9 = { ...GENERATION_7, nulls: /** @type {const} */ ('kept in variations') };

/** Each with stores that cache, and with such that don't. */
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
  sdk('v8-v9', 'node-server-sdk-8', GENERATION_8),
  sdk('v8-v9', 'node-server-sdk-9', GENERATION_9),
  sdk('v8-v9', 'node-server-sdk-9', { ...GENERATION_9, dataSystem: true }),
].flatMap((each) => [
  { ...each, cached: true },
  { ...each, cached: false, title: `${each.title}, cache off` },
]);

/**
 * @param {string} generation where the SDK is installed
 * @param {string} alias the name that it has there
 * @param {Traits} traits
 */
function sdk(generation, alias, traits) {
  const load = createRequire(path.join(__dirname, '..', 'sdk-suites', generation, 'package.json'));
  // Some don't let anybody load their package.json.
  const [packages] = /** @type {string[]} */ (load.resolve.paths(alias));
  const file = path.join(packages, alias, 'package.json');
  const { name, version } = JSON.parse(readFileSync(file, 'utf8'));
  const title = `${name} ${version}${traits.dataSystem ? ', data system' : ''}`;
  return { ...traits, name, folder: path.dirname(file), alias, title, LaunchDarkly: load(alias) };
}

/**
 * @param {string} alias
 * @param {Traits} [traits]
 */
function sdkNamed(alias, { dataSystem } = {}) {
  return SDKS.find((sdk) => sdk.cached && sdk.alias === alias && sdk.dataSystem === dataSystem);
}

/**
 * Starts a client.
 *
 * @param {Pick<(typeof SDKS)[number], 'LaunchDarkly' | 'dataSystem'>} sdk
 * @param {string} sdkKey
 * @param {any} featureStore
 * @param {{[option: string]: any}} config
 */
function startClient({ LaunchDarkly, dataSystem }, sdkKey, featureStore, config) {
  if (!dataSystem) return LaunchDarkly.init(sdkKey, { featureStore, ...config });
  const { useLdd, stream = true, ...others } = config;
  const dataSource = { dataSourceOptionsType: stream ? 'streamingOnly' : 'pollingOnly' };
  const system = { persistentStore: featureStore, useLdd, dataSource };
  return LaunchDarkly.init(sdkKey, { dataSystem: system, ...others });
}

module.exports = { SDKS, sdkNamed, startClient };
