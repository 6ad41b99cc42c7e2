'use strict';

/**
 * What the demo is about: a shop with two environments, and some of its customers.
 */

const { THIRDS, byKey, flag } = require('./flag');

const inCountry = (...values) => ({ attribute: 'country', op: 'in', values });
const inSegment = (...values) => ({ attribute: '', op: 'segmentMatch', values });

const PRODUCTION = {
  flags: byKey(
    // Everywhere but in the US.
    flag('payment-api', {
      rules: [{ id: 'no-licence-there', variation: 1, clauses: [inCountry('US')] }],
    }),
    // Needs the payment API; for beta testers and in two countries.
    flag('new-checkout', {
      version: 7,
      prerequisites: [{ key: 'payment-api', variation: 0 }],
      rules: [
        { id: 'beta-testers', variation: 0, clauses: [inSegment('beta-testers')] },
        { id: 'german-speaking', variation: 0, clauses: [inCountry('DE', 'AT')] },
      ],
      fallthrough: { variation: 1 },
    }),
    // A third of the customers each.
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

/** The same flags, further along. */
const STAGING = {
  flags: byKey(
    flag('payment-api', { version: 2 }),
    flag('new-checkout', { version: 12 }),
    flag('button-colour', { version: 5, variations: ['purple'] }),
    flag('banner', { variations: ['Not a real shop'] })
  ),
  segments: {},
};

/** A segment of so many customers that it has no list of them: each has a row in the table. */
const REGULARS = { key: 'regulars', version: 1, unbounded: true, generation: 1, rules: [] };
/** How such a row refers to it. */
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

/** What production's flags are for each customer. */
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

/** The flags that change in the course of the demo, at its end. */
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
