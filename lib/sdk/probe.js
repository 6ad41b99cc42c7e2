'use strict';

/**
 * Compares the fast codec with an SDK's own, with items that have every shape that matters to them.
 *
 * @typedef {import('./sdk-codec').Codec} Codec
 */

const { isDeepStrictEqual } = require('util');

const { itemInForm } = require('../native/addon');

const CLAUSES = [
  { attribute: 'name', op: 'in', values: ['a', { b: null }], negate: false },
  { attribute: '/name/first', op: 'in', values: [] },
  { attribute: '/name/first', contextKind: 'org', op: 'in', values: [1], unknown: null },
  { attribute: 'kind', contextKind: 'org', op: 'in', values: [] },
  { attribute: '', op: 'segmentMatch', values: ['s'] },
  { attribute: null, contextKind: 'org', op: 'segmentMatch' },
  { op: 'segmentMatch', values: ['s'] },
];
const VARIATIONS = [{ variation: 0, weight: 100000, untracked: null }];
const ROLLOUTS = [
  { variations: VARIATIONS },
  { variations: VARIATIONS, bucketBy: null },
  { variations: VARIATIONS, bucketBy: '/name' },
  { variations: VARIATIONS, bucketBy: '/name', contextKind: 'user', seed: null },
  { variations: VARIATIONS, bucketBy: 'name', contextKind: '', kind: 'experiment' },
];
/**
 * Makes the items, by kind. They are few and small because the comparison blocks the event loop.
 *
 * @returns {Record<string, object[]>}
 */
function probes() {
  const [short, long] = [list(100), list(101)];
  const unknown = { attribute: 'name', bucketBy: 'name', values: long, nothing: null };
  return {
    features: [
      {
        key: 'flag',
        version: 1,
        deleted: false,
        fallthrough: { variation: null, rollout: ROLLOUTS[3] },
        rules: [
          ...ROLLOUTS.map((rollout) => ({ id: null, rollout, clauses: [] })),
          { variation: 1, clauses: CLAUSES, rollout: null },
          { variation: 0, clauses: null, unknown },
        ],
        variations: [true, { a: null, b: { c: null } }, 'null'],
        targets: [{ values: long, variation: 0, contextKind: null }],
        offVariation: null,
        unknown,
      },
      {
        key: 'flag',
        version: 1,
        fallthrough: { rollout: ROLLOUTS[2] },
        variations: [null, [null]],
      },
      { key: 'flag', version: 1, fallthrough: null, rules: null, prerequisites: [{ key: null }] },
    ],
    segments: [
      {
        key: 'segment',
        version: 1,
        included: long,
        excluded: long,
        includedContexts: [{ contextKind: 'org', values: long }, { values: short }],
        excludedContexts: [{ values: long, contextKind: null }, { values: null }],
        rules: [
          { id: 'r', clauses: CLAUSES, bucketBy: '/name', weight: null },
          { clauses: [], bucketBy: '/name', rolloutContextKind: 'org' },
          { clauses: null, bucketBy: null, rolloutContextKind: 'org' },
        ],
        salt: null,
        unknown,
      },
      { key: 'segment', version: 1, included: short, excluded: null, includedContexts: [] },
      { key: 'segment', version: 1, included: null, excluded: short, rules: null },
      { key: 'segment', version: 1, unbounded: true, generation: 2, excludedContexts: null },
    ],
  };
}

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
  return Object.entries(probes()).every(([namespace, items]) =>
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
  if (!isDeepStrictEqual(read, expected)) return false;
  const written = codec.serialize(namespace, read);
  // Writing must not change the item.
  return isDeepStrictEqual(read, expected) && written === own.serialize(namespace, expected);
}

module.exports = { isSameCodec, traitsOf };
