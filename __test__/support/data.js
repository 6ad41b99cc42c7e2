'use strict';

/**
 * Flags and segments, and their rows.
 */

const { randomNumbers } = require('./faults');

/** The kinds as LaunchDarkly SDKs pass them. */
const FEATURES = { namespace: 'features' };
const SEGMENTS = { namespace: 'segments' };

/**
 * Makes the row of an item as every LaunchDarkly SDK writes it.
 *
 * @param {string} namespace including the prefix
 * @param {any} item
 * @param {object} [attributes] attributes to replace; `undefined` leaves one out
 */
function itemRow(namespace, item, attributes = {}) {
  const row = {
    namespace: { S: namespace },
    key: { S: item.key },
    version: { N: String(item.version) },
    item: { S: JSON.stringify(item) },
    ...attributes,
  };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

/** Makes the init marker of a prefix. */
function markerRow(prefix) {
  const name = prefix ? `${prefix}:$inited` : '$inited';
  return { namespace: { S: name }, key: { S: name } };
}

/** Makes a flag that refers to other flags and to segments. */
function flagReferringTo(key, { prerequisites = [], segments = [], version = 1 }) {
  return {
    key,
    version,
    on: true,
    prerequisites: prerequisites.map((other) => ({ key: other, variation: 0 })),
    rules: segments.length > 0 ? [segmentRule(segments)] : [],
    variations: [true, false],
  };
}

/** Makes a segment that refers to other segments. */
function segmentReferringTo(key, { segments = [], version = 1 }) {
  return { key, version, included: [], rules: [segmentRule(segments)] };
}

function segmentRule(segments) {
  return { clauses: [{ attribute: '', op: 'segmentMatch', values: segments, negate: false }] };
}

/**
 * Makes a data set like that of a large project: rules, prerequisites, nulls, time stamps, long target lists,
 * text in several scripts. Items have 1.5 KB on average.
 *
 * @param {{flags: number, segments: number, seed?: number}} size
 * @returns {{features: Record<string, any>, segments: Record<string, any>}}
 */
function largeDataSet({ flags, segments, seed = 1 }) {
  const random = randomNumbers(seed);
  const below = (limit) => Math.floor(random() * limit);
  const names = (prefix, count) =>
    Array.from(
      { length: count },
      () => `${prefix}-${below(1e9).toString(36)}-Ünïcödé-${below(99)}`
    );

  const data = { features: {}, segments: {} };
  for (let i = 0; i < segments; i += 1) {
    const key = `segment-${i}`;
    // Some lists are longer than the limit above which SDK 9 turns lists into sets.
    const included = names('user', i % 10 === 0 ? 110 : below(70));
    const rules = i > 0 && i % 7 === 0 ? [segmentRule([`segment-${below(i)}`])] : [];
    const segment = { key, version: 1 + below(50), included, excluded: [], rules, salt: null };
    data.segments[key] = { ...segment, unbounded: null, deleted: false };
  }
  for (let i = 0; i < flags; i += 1) {
    const key = `flag-${i}`;
    const rules = i % 5 === 0 ? [segmentRule([`segment-${below(segments)}`])] : [];
    data.features[key] = {
      key,
      version: 1 + below(500),
      on: i % 3 > 0,
      prerequisites: i > 0 && i % 11 === 0 ? [{ key: `flag-${below(i)}`, variation: 0 }] : [],
      targets: [{ values: names('target', below(60)), variation: 0 }],
      rules: [...rules, { id: `rule-${i}`, variation: null, rollout: rollout(i), clauses: [] }],
      fallthrough: { variation: 0, rollout: null },
      offVariation: i % 2 ? null : 1,
      variations: [null, { text: '日本語 🚀', nothing: null }, [null, 1.5], 1_700_000_000_000],
      debugEventsUntilDate: i % 4 ? null : 1_700_000_000_000 + i,
      clientSideAvailability: { usingMobileKey: true, usingEnvironmentId: null },
      salt: `salt-${i}`,
    };
  }
  return data;
}

function rollout(seed) {
  return {
    kind: 'experiment',
    seed: seed % 2 ? seed : null,
    variations: [
      { variation: 0, weight: 50_000, untracked: null },
      { variation: 1, weight: 50_000, untracked: true },
    ],
  };
}

/** The longest list that SDK 9 keeps as a list. */
const SDK_9_LIST_LENGTH = 100;

/**
 * Returns an item as SDK 9 writes it after reading it from the stream: without null members, except in a flag's
 * list of variations, and with a segment's long lists last.
 *
 * @param {any} item
 * @returns {any} a copy
 */
function asSdk9(item) {
  const result = withoutNulls(item);
  if (item.variations !== undefined) result.variations = item.variations;
  for (const list of ['included', 'excluded']) {
    if (result[list]?.length > SDK_9_LIST_LENGTH) {
      const values = result[list];
      delete result[list];
      result[list] = values;
    }
  }
  return result;
}

function withoutNulls(value) {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutNulls(member)])
  );
}

module.exports = {
  FEATURES,
  SEGMENTS,
  asSdk9,
  flagReferringTo,
  itemRow,
  largeDataSet,
  markerRow,
  segmentReferringTo,
};
