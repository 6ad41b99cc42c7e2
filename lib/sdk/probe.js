'use strict';

/**
 * Compares the fast codec with an SDK's own, with items that have every shape that matters to them.
 *
 * @typedef {import('./sdk-codec').Codec} Codec
 */

const { isDeepStrictEqual } = require('util');

const { itemInForm } = require('../native/addon');

/** SDKs could prepare the values of an operator. */
const OPERATORS = [
  'in',
  'endsWith',
  'startsWith',
  'matches',
  'contains',
  'lessThan',
  'lessThanOrEqual',
  'greaterThan',
  'greaterThanOrEqual',
  'before',
  'after',
  'semVerEqual',
  'semVerLessThan',
  'semVerGreaterThan',
];
const [SHORT, LONG] = [list(100), list(101)];
const CLAUSES_BY_OPERATOR = [
  ...OPERATORS.map((op) => ({ attribute: 'name', op, values: ['1.0.0'] })),
  { attribute: 'name', op: 'in', values: LONG },
];
const CLAUSES = [
  { attribute: 'name', op: 'in', values: ['a'], negate: false },
  { attribute: '/name/first', op: 'in', values: ['a', { b: null }] },
  { attribute: '/name/first', contextKind: 'org', op: 'in', values: [1], unknown: null },
  { attribute: '/name/first', contextKind: '', op: 'in', values: [] },
  { attribute: 'kind', contextKind: 'org', op: 'in', values: [] },
  { attribute: '', op: 'segmentMatch', values: ['s'] },
  { attribute: null, contextKind: 'org', op: 'segmentMatch' },
  { op: 'segmentMatch', values: ['s'] },
];
const VARIATIONS = [{ variation: 0, weight: 100000, untracked: null }];
const ROLLOUTS = [
  { variations: VARIATIONS },
  { variations: [{ variation: 0, weight: 1, untracked: true }], bucketBy: null },
  { variations: VARIATIONS, bucketBy: '/name' },
  { variations: VARIATIONS, bucketBy: '/name', contextKind: 'user', seed: null },
  { variations: VARIATIONS, bucketBy: '/name', contextKind: '', kind: 'experiment', seed: 1 },
];
const TARGETS = [
  { values: LONG, contextKind: null },
  { values: SHORT, contextKind: 'org' },
  { values: null },
];
const UNKNOWN = { attribute: 'name', bucketBy: 'name', values: ['a'], nothing: null };
/** An item with null elements is a case of its own, because the native store may send it as text. */
const NULL_ELEMENTS = [{ clauses: [{ attribute: 'name', values: [null, [null, {}]] }] }];
/** The items, by kind. They are few and small because the comparison blocks the event loop. */
const PROBES = {
  features: [
    {
      key: 'flag',
      version: 1,
      deleted: false,
      on: true,
      fallthrough: { variation: null, rollout: ROLLOUTS[3] },
      rules: [
        ...ROLLOUTS.map((rollout) => ({ id: null, rollout, clauses: [] })),
        { id: 'r', variation: 1, clauses: CLAUSES, rollout: null, trackEvents: true },
        { variation: 0, clauses: CLAUSES_BY_OPERATOR },
        { variation: 0, clauses: null, unknown: UNKNOWN },
      ],
      variations: [true, { a: null, b: { c: null } }, 'null'],
      targets: [{ values: LONG, variation: 0, contextKind: null }],
      contextTargets: [{ values: LONG, variation: 0, contextKind: 'org' }],
      prerequisites: [{ key: 'other', variation: 0 }, { key: null }],
      offVariation: null,
      trackEvents: true,
      trackEventsFallthrough: true,
      debugEventsUntilDate: 1,
      clientSide: true,
      clientSideAvailability: { usingEnvironmentId: true, usingMobileKey: true },
      samplingRatio: 1,
      excludeFromSummaries: true,
      migration: { checkRatio: 1 },
      salt: 'salt',
      unknown: UNKNOWN,
    },
    {
      key: 'flag',
      version: 1,
      fallthrough: { rollout: ROLLOUTS[2] },
      variations: [null, [null]],
    },
    { key: 'flag', version: 1, fallthrough: null, rules: null, targets: null, offVariation: 1 },
    { key: 'flag', version: 1, rules: NULL_ELEMENTS },
  ],
  segments: [
    {
      key: 'segment',
      version: 1,
      included: LONG,
      excluded: LONG,
      includedContexts: TARGETS,
      excludedContexts: TARGETS,
      rules: [
        { id: 'r', clauses: CLAUSES, bucketBy: '/name', weight: null },
        { clauses: [], bucketBy: '/name', rolloutContextKind: 'org', weight: 1 },
        { clauses: [], bucketBy: '/name', rolloutContextKind: '' },
        { clauses: null, bucketBy: null, rolloutContextKind: 'org' },
      ],
      salt: null,
      unknown: UNKNOWN,
    },
    { key: 'segment', version: 1, included: SHORT, excluded: null, includedContexts: [] },
    { key: 'segment', version: 1, included: null, excluded: SHORT, rules: null },
    {
      key: 'segment',
      version: 1,
      unbounded: true,
      unboundedContextKind: 'org',
      generation: 2,
      salt: 'salt',
      excludedContexts: null,
    },
    { key: 'segment', version: 1, rules: NULL_ELEMENTS },
  ],
};

/**
 * @param {number} length
 * @returns {string[]}
 */
function list(length) {
  return Array.from({ length }, (_, index) => `target ${index}`);
}

/**
 * @param {Codec} own an SDK's own codec
 * @returns {{Reference: any, invalid: object, keepsVariations: boolean}} its class of attribute references, its
 *   reference for a clause without an attribute, and whether nulls in a flag's variations stay
 * @throws {TypeError} if it has none
 */
function traitsOf(own) {
  const flag = {
    key: 'flag',
    version: 1,
    rules: [{ clauses: [{ attribute: 'name' }, {}] }],
    variations: [{ nothing: null }],
  };
  const { rules, variations } = own.revive('features', JSON.stringify(flag));
  const [valid, invalid] = rules[0].clauses;
  const Reference = valid.attributeReference.constructor;
  if (Reference === Object) throw new TypeError('attribute references have no class');
  const keepsVariations = 'nothing' in variations[0];
  return { Reference, invalid: invalid.attributeReference, keepsVariations };
}

/**
 * @param {Codec} codec
 * @param {Codec} own an SDK's own codec
 * @returns {boolean} whether both read and write the items alike
 */
function isSameCodec(codec, own) {
  return Object.entries(PROBES).every(([namespace, items]) =>
    items.every((item) => isSameFor(namespace, JSON.stringify(item), codec, own))
  );
}

/**
 * @param {string} namespace
 * @param {string} json
 * @param {Codec} codec
 * @param {Codec} own
 * @returns {boolean}
 */
function isSameFor(namespace, json, codec, own) {
  const sent = JSON.parse(itemInForm(json, codec.form(namespace)));
  // The native store sends what only the SDK's own codec can read as text.
  const read = (typeof sent === 'string' ? own : codec).revive(namespace, sent);
  const expected = own.revive(namespace, json);
  return (
    isDeepStrictEqual(read, expected) &&
    codec.serialize(namespace, read) === own.serialize(namespace, expected)
  );
}

module.exports = { isSameCodec, traitsOf };
