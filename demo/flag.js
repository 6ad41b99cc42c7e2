'use strict';

/**
 * A flag as LaunchDarkly sends it: on, and with the first variation where nothing else is said.
 *
 * @param {string} key
 * @param {object} [members] other than these
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

/** Flags or segments as LaunchDarkly sends several. */
function byKey(...items) {
  return Object.fromEntries(items.map((item) => [item.key, item]));
}

/** A part of a rollout for each of three variations. */
const THIRDS = [33_333, 33_333, 33_334].map((weight, variation) => ({ variation, weight }));

module.exports = { THIRDS, byKey, flag };
