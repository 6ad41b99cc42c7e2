'use strict';

/**
 * Makes a flag as LaunchDarkly sends it. By default it is on and serves the first variation.
 *
 * @param {string} key
 * @param {object} [members] members that replace the defaults
 * @returns {{key: string, version: number, [member: string]: any}}
 */
function flag(key, members) {
  return {
    key,
    version: 1,
    on: true,
    prerequisites: [],
    targets: [],
    rules: [],
    fallthrough: { variation: 0 },
    offVariation: 1,
    variations: [true, false],
    salt: `salt of ${key}`,
    trackEvents: false,
    debugEventsUntilDate: null,
    ...members,
  };
}

/** Maps flags or segments by key, as LaunchDarkly sends them. */
function byKey(...items) {
  return Object.fromEntries(items.map((item) => [item.key, item]));
}

/** A third of a rollout for each of three variations. */
const THIRDS = [33_333, 33_333, 33_334].map((weight, variation) => ({ variation, weight }));

module.exports = { THIRDS, byKey, flag };
