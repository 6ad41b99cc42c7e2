'use strict';

/**
 * Flags and segments that use every feature of an SDK's evaluation, people to evaluate them for, and the
 * expected results.
 */

const { THIRDS, byKey, flag } = require('../../demo/flag');

/** Makes a flag that is true if this clause matches, else false. */
function clauseFlag(key, clause) {
  const rules = [{ id: `rule of ${key}`, variation: 0, clauses: [{ negate: false, ...clause }] }];
  return flag(key, { rules, fallthrough: { variation: 1 } });
}

function inSegment(segment, negate = false) {
  return { attribute: '', op: 'segmentMatch', values: [segment], negate };
}

const FLAGS = byKey(
  flag('plain'),
  flag('switched-off', { on: false }),
  flag('switched-off-to-nothing', { on: false, offVariation: null }),
  flag('text', { variations: ['Grüße, 世界 🚀 "quoted"', ''] }),
  flag('number', { variations: [-1.5e-7, 0] }),
  flag('structure', {
    variations: [{ list: [1, null, { a: null }], nothing: null, 'a.b:c$d/e': [] }, null],
  }),
  flag('a key.with_all-That/keys:may$hold'),
  flag('targeted', {
    variations: ['usual', 'chosen', 'also chosen'],
    targets: [
      { variation: 1, values: ['ben'] },
      { variation: 2, values: ['eve', 'somebody else'] },
    ],
  }),
  clauseFlag('by-country', { attribute: 'country', op: 'in', values: ['DE', 'AT'] }),
  clauseFlag('by-e-mail', { attribute: 'email', op: 'endsWith', values: ['@example.com'] }),
  clauseFlag('by-age', { attribute: 'age', op: 'lessThan', values: [18] }),
  clauseFlag('by-list', { attribute: 'groups', op: 'in', values: ['beta'] }),
  clauseFlag('by-pattern', { attribute: 'email', op: 'matches', values: ['^[ab]..@'] }),
  clauseFlag('by-version', { attribute: 'app', op: 'semVerGreaterThan', values: ['2.0.0'] }),
  clauseFlag('by-negation', { attribute: 'country', op: 'in', values: ['DE'], negate: true }),
  flag('several-rules', {
    variations: ['none', 'first', 'second'],
    rules: [
      {
        id: 'French and of age',
        variation: 1,
        clauses: [
          { attribute: 'country', op: 'in', values: ['FR'], negate: false },
          { attribute: 'age', op: 'greaterThanOrEqual', values: [18], negate: false },
        ],
      },
      {
        id: 'French',
        variation: 2,
        clauses: [{ attribute: 'country', op: 'in', values: ['FR'], negate: false }],
      },
    ],
  }),
  clauseFlag('for-staff', inSegment('staff')),
  clauseFlag('not-for-staff', inSegment('staff', true)),
  clauseFlag('for-nobody', inSegment('there-is-no-such-segment')),
  flag('with-prerequisite', { prerequisites: [{ key: 'targeted', variation: 1 }] }),
  flag('with-chain', { prerequisites: [{ key: 'with-prerequisite', variation: 0 }] }),
  flag('with-missing-prerequisite', { prerequisites: [{ key: 'no-such-flag', variation: 0 }] }),
  flag('rollout', {
    salt: 'salt-of-rollout',
    variations: ['red', 'green', 'blue'],
    fallthrough: { rollout: { variations: THIRDS } },
  }),
  flag('rollout-by-plan', {
    salt: 'salt-of-rollout-by-plan',
    variations: ['red', 'green', 'blue'],
    fallthrough: { rollout: { variations: THIRDS, bucketBy: 'plan' } },
  }),
  flag('experiment', {
    variations: ['red', 'green', 'blue'],
    fallthrough: { rollout: { kind: 'experiment', seed: 61, variations: THIRDS } },
  }),
  // Only SDKs with contexts of several kinds understand the next two flags.
  flag('targeted-organisation', {
    contextTargets: [{ contextKind: 'organisation', variation: 1, values: ['acme'] }],
  }),
  clauseFlag('by-city-of-organisation', {
    contextKind: 'organisation',
    attribute: '/address/city',
    op: 'in',
    values: ['Bern'],
  })
);

const SEGMENTS = byKey({
  key: 'staff',
  version: 1,
  included: ['ada'],
  excluded: ['ben'],
  rules: [
    {
      id: 'the French',
      clauses: [{ attribute: 'country', op: 'in', values: ['FR'], negate: false }],
    },
  ],
  salt: 'salt of staff',
});

/** The subjects of evaluations. Members of `custom` are not built-in attributes. */
const PEOPLE = {
  ada: {
    key: 'ada',
    country: 'DE',
    email: 'ada@example.com',
    custom: { age: 36, plan: 'gold', groups: ['staff', 'beta'], app: '2.10.0' },
  },
  ben: {
    key: 'ben',
    country: 'FR',
    email: 'ben@test.example',
    custom: { age: 17, plan: 'free', groups: [], app: '2.0.0-rc.1' },
  },
  eve: { key: 'eve', country: 'FR', email: 'eve@example.com', custom: { age: 18, plan: 'silver' } },
  joe: { key: 'joe', custom: {} },
};

const ORGANISATION = { kind: 'organisation', key: 'acme', address: { city: 'Bern' } };

const OFF = { kind: 'OFF' };
const FALLTHROUGH = { kind: 'FALLTHROUGH' };
const TARGET_MATCH = { kind: 'TARGET_MATCH' };
const NO_SUCH_FLAG = { kind: 'ERROR', errorKind: 'FLAG_NOT_FOUND' };
const ruleMatch = (ruleId) => ({ kind: 'RULE_MATCH', ruleId });
const prerequisiteFailed = (prerequisiteKey) => ({ kind: 'PREREQUISITE_FAILED', prerequisiteKey });

/** The default value that a caller passes for a flag. */
const DEFAULT = 'the default';

/**
 * Returns the expected results of a clause flag: a match or none.
 *
 * @param {string} key
 * @param {...string} matching the people for whom the clause matches
 * @returns {[string, string, any, object][]}
 */
function clauseCases(key, ...matching) {
  return Object.keys(PEOPLE).map((person) =>
    matching.includes(person)
      ? [key, person, true, ruleMatch(`rule of ${key}`)]
      : [key, person, false, FALLTHROUGH]
  );
}

/**
 * Each row: flag, person, value, reason.
 *
 * A person's part of a rollout follows from the SHA-1 of key, salt and attribute.
 *
 * @type {[string, string, any, object][]}
 */
const CASES = [
  ['plain', 'joe', true, FALLTHROUGH],
  ['switched-off', 'joe', false, OFF],
  ['switched-off-to-nothing', 'joe', DEFAULT, OFF],
  ['text', 'joe', 'Grüße, 世界 🚀 "quoted"', FALLTHROUGH],
  ['number', 'joe', -1.5e-7, FALLTHROUGH],
  ['structure', 'joe', FLAGS.structure.variations[0], FALLTHROUGH],
  ['a key.with_all-That/keys:may$hold', 'joe', true, FALLTHROUGH],
  ['no-such-flag', 'joe', DEFAULT, NO_SUCH_FLAG],
  ['targeted', 'ben', 'chosen', TARGET_MATCH],
  ['targeted', 'eve', 'also chosen', TARGET_MATCH],
  ['targeted', 'ada', 'usual', FALLTHROUGH],
  ...clauseCases('by-country', 'ada'),
  ...clauseCases('by-e-mail', 'ada', 'eve'),
  ...clauseCases('by-age', 'ben'),
  ...clauseCases('by-list', 'ada'),
  ...clauseCases('by-pattern', 'ada', 'ben'),
  ...clauseCases('by-version', 'ada'),
  ...clauseCases('by-negation', 'ben', 'eve'),
  ['several-rules', 'eve', 'first', ruleMatch('French and of age')],
  ['several-rules', 'ben', 'second', ruleMatch('French')],
  ['several-rules', 'ada', 'none', FALLTHROUGH],
  ...clauseCases('for-staff', 'ada', 'eve'),
  ...clauseCases('not-for-staff', 'ben', 'joe'),
  ...clauseCases('for-nobody'),
  ['with-prerequisite', 'ben', true, FALLTHROUGH],
  ['with-prerequisite', 'ada', false, prerequisiteFailed('targeted')],
  ['with-chain', 'ben', true, FALLTHROUGH],
  ['with-chain', 'ada', false, prerequisiteFailed('with-prerequisite')],
  ['with-missing-prerequisite', 'ada', false, prerequisiteFailed('no-such-flag')],
  ['rollout', 'ada', 'blue', FALLTHROUGH],
  ['rollout', 'ben', 'blue', FALLTHROUGH],
  ['rollout', 'eve', 'green', FALLTHROUGH],
  ['rollout', 'joe', 'green', FALLTHROUGH],
  ['rollout-by-plan', 'ada', 'red', FALLTHROUGH],
  ['rollout-by-plan', 'ben', 'green', FALLTHROUGH],
  ['rollout-by-plan', 'eve', 'blue', FALLTHROUGH],
];

/**
 * Each row: flag, value and reason, for ada together with her organisation.
 *
 * @type {[string, any, object][]}
 */
const ORGANISATION_CASES = [
  ['targeted-organisation', false, TARGET_MATCH],
  ['by-city-of-organisation', true, ruleMatch('rule of by-city-of-organisation')],
  ['by-country', true, ruleMatch('rule of by-country')],
  ['for-staff', true, ruleMatch('rule of for-staff')],
  ['rollout', 'blue', FALLTHROUGH],
];

/** @typedef {import('./sdks').Traits} Traits */

/**
 * Returns a flag or segment in the form in which an SDK passes it to its store.
 *
 * @template {Record<string, any>} T
 * @param {Traits} sdk
 * @param {T} item
 * @returns {T}
 */
function asHandedOver({ nulls = 'kept', dataSystem = false }, item) {
  if (nulls === 'kept') return item;
  const kept = nulls === 'kept in variations' ? pick(item, 'variations') : {};
  const first = dataSystem ? pick(item, 'version') : {};
  return { ...first, ...withoutNulls(item), ...kept };
}

/** Returns all items of a kind in the same form. */
function allAsHandedOver(sdk, items) {
  const entries = Object.entries(items).map(([key, item]) => [key, asHandedOver(sdk, item)]);
  return Object.fromEntries(entries);
}

function withoutNulls(value) {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

function pick(item, name) {
  return name in item ? { [name]: item[name] } : {};
}

/**
 * Returns a variation's value in the form in which an SDK returns it.
 *
 * @param {Traits} sdk
 * @param {any} value
 */
function asReturned({ nulls }, value) {
  if (nulls !== 'dropped') return value;
  // SDK 8 also drops null elements of arrays.
  return JSON.parse(JSON.stringify(value), (_name, member) => member ?? undefined);
}

/**
 * Returns a person in an SDK's form: a context if the SDK has contexts, else a user.
 *
 * @param {{contexts?: boolean}} sdk
 * @param {{key: string, custom: object}} person
 */
function asSubject(sdk, person) {
  if (!sdk.contexts) return { ...person };
  const { custom, ...builtIn } = person;
  return { kind: 'user', ...builtIn, ...custom };
}

/** Returns a person and an organisation as one context. */
function withOrganisation(sdk, person, organisation) {
  const { kind: userKind, ...user } = asSubject(sdk, person);
  const { kind: otherKind, ...other } = organisation;
  return { kind: 'multi', [userKind]: user, [otherKind]: other };
}

module.exports = {
  CASES,
  DEFAULT,
  FLAGS,
  NO_SUCH_FLAG,
  ORGANISATION,
  ORGANISATION_CASES,
  PEOPLE,
  SEGMENTS,
  allAsHandedOver,
  asReturned,
  asHandedOver,
  asSubject,
  clauseFlag,
  flag,
  inSegment,
  withOrganisation,
};
