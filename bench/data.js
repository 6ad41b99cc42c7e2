'use strict';

/**
 * The flags and segments for measurements. They are synthetic, identical in every process, valid for every
 * generation of SDKs, and of realistic size: 1.5 KB of JSON on average.
 */

const SEGMENT_COUNT = 500;
/** The variation that every flag serves to `USER`, by its last rule. */
const SERVED_VARIATION = 1;

/** SDK 5 knows these attributes without `custom`. */
const USER = { key: 'user-4711', country: 'AT', email: 'ada@mail.example' };
/** The same for SDKs with contexts. */
const CONTEXT = { kind: 'user', ...USER };

const AREAS = ['checkout', 'search', 'billing', 'profile', 'catalogue', 'mobile', 'support'];
const FEATURES = ['new-layout', 'fast-path', 'provider', 'banner', 'limits', 'recommendations'];
const COUNTRIES = ['BR', 'CA', 'CH', 'DE', 'ES', 'FR', 'GB', 'IN', 'JP', 'MX', 'NL', 'SE', 'US'];
const VARIATION_SETS = [
  [false, true],
  ['control', 'compact', 'detailed'],
  [
    { provider: 'primary', timeout: 500, retries: 2 },
    { provider: 'secondary', timeout: 800, retries: 3 },
  ],
  [10, 25, 50, 100],
];

/**
 * @typedef {{key: string, version: number, [member: string]: any}} Item
 * @typedef {{features: Record<string, Item>, segments: Record<string, Item>}} DataSet items by key
 */

/**
 * @param {number} index
 * @returns {string}
 */
function flagKey(index) {
  const area = AREAS[index % AREAS.length];
  const feature = FEATURES[index % FEATURES.length];
  return `${area}-${feature}-${String(index).padStart(5, '0')}`;
}

/**
 * @param {number} index
 * @returns {string}
 */
function segmentKey(index) {
  return `segment-${String(index % SEGMENT_COUNT).padStart(3, '0')}`;
}

/**
 * @param {number} index
 * @returns {Item}
 */
function flag(index) {
  const variations = VARIATION_SETS[index % VARIATION_SETS.length];
  // Sizes differ, as in real data.
  const size = (index * 7) % 8;
  return {
    key: flagKey(index),
    version: 1 + (index % 40),
    on: true,
    prerequisites: prerequisites(index),
    targets: [{ variation: 0, values: userKeys(index, 4 + size) }],
    rules: rules(index, size),
    fallthrough: {
      rollout: {
        variations: [
          { variation: 0, weight: 60_000 },
          { variation: 1, weight: 40_000 },
        ],
        bucketBy: 'key',
      },
    },
    offVariation: 0,
    variations,
    salt: hexadecimal(index, 32),
    trackEvents: false,
    trackEventsFallthrough: false,
    debugEventsUntilDate: null,
    clientSide: index % 3 === 0,
  };
}

/** Gives every tenth flag a prerequisite that has none itself. */
function prerequisites(index) {
  return index % 10 === 9 ? [{ key: flagKey(index - 9), variation: SERVED_VARIATION }] : [];
}

/** Returns rules that `USER` does not match, and a last rule that it matches. */
function rules(index, size) {
  const country = (/** @type {number} */ offset) => COUNTRIES[(index + offset) % COUNTRIES.length];
  const several = [1, 2, 3, 4, 5].map(country);
  const all = [
    rule(index, 1, 0, [
      clause('country', 'in', several),
      clause('email', 'endsWith', ['@staff.example', '@partner.example']),
    ]),
    rule(index, 2, 0, [clause('email', 'matches', [`^test-${index}\\+.*@mail\\.example$`])]),
    rule(index, 3, 0, [
      clause('country', 'in', [country(6)]),
      clause('key', 'startsWith', ['qa-']),
    ]),
  ];
  // Every fifth flag first checks a segment.
  if (index % 5 === 4) {
    all.unshift(rule(index, 0, 0, [clause('', 'segmentMatch', [segmentKey(index)])]));
  }
  const matching = rule(index, 9, SERVED_VARIATION, [
    clause('country', 'in', [...several, 'AT']),
    clause('email', 'endsWith', ['@mail.example', '@post.example']),
  ]);
  return [...all.slice(0, 2 + (size % 3)), matching];
}

function rule(index, position, variation, clauses) {
  return { id: uuid(index * 10 + position), variation, clauses, trackEvents: false };
}

function clause(attribute, op, values) {
  return { attribute, op, values, negate: false };
}

/**
 * @param {number} index
 * @returns {Item}
 */
function segment(index) {
  return {
    key: segmentKey(index),
    version: 1 + index,
    included: userKeys(index + 100_000, 40),
    excluded: userKeys(index + 200_000, 5),
    rules: [{ clauses: [clause('email', 'endsWith', ['@beta.example'])] }],
    salt: hexadecimal(index, 32),
    deleted: false,
  };
}

function userKeys(seed, count) {
  return Array.from({ length: count }, (_, i) => `user-${hexadecimal(seed * 31 + i, 12)}`);
}

function uuid(seed) {
  const digits = hexadecimal(seed, 32);
  const parts = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16)];
  return [...parts, digits.slice(16, 20), digits.slice(20)].join('-');
}

/** Returns pseudorandom hexadecimal digits, the same for each seed. */
function hexadecimal(seed, length) {
  let state = (seed + 1) * 2_654_435_761;
  let digits = '';
  while (digits.length < length) {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
    digits += state.toString(16).padStart(8, '0');
  }
  return digits.slice(0, length);
}

/**
 * Returns the data set that an SDK passes to its store.
 *
 * @param {number} flagCount
 * @returns {DataSet}
 */
function dataSet(flagCount) {
  const byKey = (/** @type {Item[]} */ items) =>
    Object.fromEntries(items.map((item) => [item.key, item]));
  return {
    features: byKey(Array.from({ length: flagCount }, (_, index) => flag(index))),
    segments: byKey(Array.from({ length: SEGMENT_COUNT }, (_, index) => segment(index))),
  };
}

/**
 * Returns the value that an SDK must serve to `USER`.
 *
 * @param {number} index the index of the flag
 */
function servedValue(index) {
  return VARIATION_SETS[index % VARIATION_SETS.length][SERVED_VARIATION];
}

module.exports = { CONTEXT, USER, dataSet, flagKey, servedValue };
