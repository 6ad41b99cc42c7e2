'use strict';

/**
 * The demo's subject: a shop with two environments and some of its customers.
 */

const { THIRDS, byKey, flag } = require('./flag');

const inCountry = (...values) => ({ attribute: 'country', op: 'in', values });
const inSegment = (...values) => ({ attribute: '', op: 'segmentMatch', values });

const PRODUCTION = {
  flags: byKey(
    // On everywhere except in the US.
    flag('payment-api', {
      rules: [{ id: 'no-licence-there', variation: 1, clauses: [inCountry('US')] }],
    }),
    // Requires the payment API; on for beta testers and in two countries.
    flag('new-checkout', {
      version: 7,
      prerequisites: [{ key: 'payment-api', variation: 0 }],
      rules: [
        { id: 'beta-testers', variation: 0, clauses: [inSegment('beta-testers')] },
        { id: 'german-speaking', variation: 0, clauses: [inCountry('DE', 'AT')] },
      ],
      fallthrough: { variation: 1 },
    }),
    // Each colour for a third of the customers.
    flag('button-colour', {
      version: 3,
      variations: ['red', 'green', 'blue'],
      fallthrough: { rollout: { variations: THIRDS } },
      salt: 'button',
    }),
    flag('banner', { variations: ['Summer sale', 'Winter sale'] })
  ),
  segments: byKey({
    key: 'beta-testers',
    version: 2,
    included: ['eve'],
    excluded: [],
    rules: [{ clauses: [{ attribute: 'email', op: 'endsWith', values: ['@beta.example'] }] }],
    salt: 'salt of beta-testers',
  }),
};

/** The same flags in a later state. */
const STAGING = {
  flags: byKey(
    flag('payment-api', { version: 2 }),
    flag('new-checkout', { version: 12 }),
    flag('button-colour', { version: 5, variations: ['purple'] }),
    flag('banner', { variations: ['Not a real shop'] })
  ),
  segments: {},
};

/** A big segment: it lists no members; each customer's membership is a row in the table. */
const REGULARS = { key: 'regulars', version: 1, unbounded: true, generation: 1, rules: [] };
/** The reference to the segment in a membership row. */
const REGULARS_REFERENCE = 'regulars.g1';
const FREE_DELIVERY = flag('free-delivery', {
  rules: [{ id: 'regulars', variation: 0, clauses: [inSegment('regulars')] }],
  fallthrough: { variation: 1 },
});

const CUSTOMERS = [
  { kind: 'user', key: 'ada', country: 'DE', email: 'ada@mail.example' },
  { kind: 'user', key: 'ben', country: 'FR', email: 'ben@beta.example' },
  { kind: 'user', key: 'eve', country: 'US', email: 'eve@mail.example' },
  { kind: 'user', key: 'joe', country: 'FR', email: 'joe@mail.example' },
];

/** The expected values of production's flags, by customer. */
const EXPECTED = {
  ada: {
    'payment-api': [true, 'FALLTHROUGH'],
    'new-checkout': [true, 'RULE_MATCH german-speaking'],
    'button-colour': ['red', 'FALLTHROUGH'],
    banner: ['Summer sale', 'FALLTHROUGH'],
  },
  ben: {
    'payment-api': [true, 'FALLTHROUGH'],
    'new-checkout': [true, 'RULE_MATCH beta-testers'],
    'button-colour': ['green', 'FALLTHROUGH'],
    banner: ['Summer sale', 'FALLTHROUGH'],
  },
  eve: {
    'payment-api': [false, 'RULE_MATCH no-licence-there'],
    'new-checkout': [false, 'PREREQUISITE_FAILED payment-api'],
    'button-colour': ['blue', 'FALLTHROUGH'],
    banner: ['Summer sale', 'FALLTHROUGH'],
  },
  joe: {
    'payment-api': [true, 'FALLTHROUGH'],
    'new-checkout': [false, 'FALLTHROUGH'],
    'button-colour': ['green', 'FALLTHROUGH'],
    banner: ['Summer sale', 'FALLTHROUGH'],
  },
};

/** The expected values of the flags that change during the demo, at its end. */
const EXPECTED_AT_THE_END = {
  ada: { banner: ['Winter sale', 'FALLTHROUGH'], 'free-delivery': [false, 'FALLTHROUGH'] },
  ben: { banner: ['Winter sale', 'FALLTHROUGH'], 'free-delivery': [true, 'RULE_MATCH regulars'] },
  eve: { banner: ['Winter sale', 'FALLTHROUGH'], 'free-delivery': [true, 'RULE_MATCH regulars'] },
  joe: { banner: ['Winter sale', 'FALLTHROUGH'], 'free-delivery': [false, 'FALLTHROUGH'] },
};

module.exports = {
  CUSTOMERS,
  EXPECTED,
  EXPECTED_AT_THE_END,
  FREE_DELIVERY,
  PRODUCTION,
  REGULARS,
  REGULARS_REFERENCE,
  STAGING,
};
