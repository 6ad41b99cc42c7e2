'use strict';

/**
 * The published SDKs that the tests use, and the differences between their generations.
 */

const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

/**
 * @typedef {object} Traits
 * @property {boolean} [contexts] evaluates contexts of any kind, not only users
 * @property {boolean} [exactUpdates] after a new data set, reports only changed flags and the
 *   flags that refer to them as updated, not all flags
 * @property {boolean} [stopsPolling] a closed client clears the timer of its next poll
 * @property {boolean} [toleratesUnreadable] accepts a new data set although the store can't
 *   read the old one for comparison
 * @property {boolean} [allFlags] has the method `allFlags`
 * @property {'kept' | 'kept in variations' | 'dropped'} [nulls] the treatment of null members in
 *   received items; default: kept
 * @property {boolean} [fastCodec] the store converts its items without it
 * @property {boolean} [dataSystem] is configured with a data system that has this persistent store
 * @property {boolean} [bigSegments] supports big segments
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
const GENERATION_8 = {
  ...GENERATION_7,
  nulls: /** @type {const} */ ('dropped'),
  fastCodec: true,
};
const GENERATION_9 = { ...GENERATION_8, nulls: /** @type {const} */ ('kept in variations') };

/** Each SDK twice: with stores that cache and with stores that don't. */
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
 * Returns one of each SDK 8 and 9 whose items differ. The first versions are used only by tests of these items.
 */
function processingSdks() {
  return [
    sdk('v8-v9', 'node-server-sdk-8.0', { ...GENERATION_8, cached: true, fastCodec: false }),
    sdkNamed('node-server-sdk-8'),
    sdk('v8-v9', 'node-server-sdk-9.0', { ...GENERATION_8, cached: true }),
    sdkNamed('node-server-sdk-9'),
  ];
}

/**
 * @param {string} generation the folder in which the SDK is installed
 * @param {string} alias the SDK's name in that folder
 * @param {Traits} traits
 */
function sdk(generation, alias, traits) {
  const load = createRequire(path.join(__dirname, '..', 'sdk-suites', generation, 'package.json'));
  // Some packages don't export their package.json.
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

module.exports = { SDKS, processingSdks, sdkNamed, startClient };
