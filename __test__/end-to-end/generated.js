'use strict';

/**
 * Flags, segments and people made up at random, always the same for the same seed.
 */

const { THIRDS, byKey, flag } = require('../../demo/flag');
const { randomNumbers } = require('../support/faults');

const COUNTRIES = ['AT', 'CH', 'DE', 'FR', 'IT'];
const PLANS = ['free', 'silver', 'gold'];
const CITIES = ['Bern', 'Wien', 'Zürich'];
/** More than any SDK keeps as a list. */
const TARGETS = 10_000;

/**
 * @param {{seed: number, flagCount: number, peopleCount: number, contexts: boolean}} size `contexts` says
 *   that there are kinds of contexts, and references into their attributes
 */
function generate({ seed, flagCount, peopleCount, contexts }) {
  const random = randomNumbers(seed);
  const below = (limit) => Math.floor(random() * limit);
  const one = (list) => list[below(list.length)];
  const some = (list) => list.filter(() => random() < 0.4);
  const person = (number) => `person-${number}`;

  const clauses = [
    () => ({ attribute: 'country', op: 'in', values: some(COUNTRIES) }),
    () => ({ attribute: 'plan', op: 'in', values: some(PLANS) }),
    () => ({ attribute: 'age', op: 'lessThan', values: [below(80)] }),
    () => ({ attribute: 'email', op: 'matches', values: [`^[${one(['ab', 'c-f', 'x'])}]`] }),
    () => ({ attribute: '', op: 'segmentMatch', values: [one(Object.keys(segments))] }),
    () => ({ attribute: 'no such attribute', op: 'in', values: [1] }),
    ...(contexts
      ? [
          () => ({
            contextKind: 'user',
            attribute: '/address/city',
            op: 'in',
            values: some(CITIES),
          }),
          () => ({
            contextKind: 'user',
            attribute: '/a~1b',
            op: 'in',
            values: [one([true, false])],
          }),
          () => ({ contextKind: 'user', attribute: '//', op: 'in', values: ['x'] }),
        ]
      : []),
  ];
  const clause = () => ({ ...one(clauses)(), negate: random() < 0.2 });
  const rollout = () => ({
    variations: THIRDS,
    bucketBy: one(contexts ? ['key', 'plan', '/address/city'] : ['key', 'plan']),
    ...(contexts ? { contextKind: 'user' } : {}),
    ...(random() < 0.3 ? { kind: 'experiment', seed: below(1000) } : {}),
  });
  const outcome = () => (random() < 0.3 ? { rollout: rollout() } : { variation: below(3) });

  /** @type {Record<string, any>} */
  const segments = {};
  const many = (start) =>
    Array.from({ length: TARGETS }, (_, number) => person(start + number * 2));
  const few = () => Array.from({ length: 20 }, () => person(below(peopleCount)));
  const base = { version: 1, included: [], excluded: [], rules: [], salt: 'salt of segments' };
  for (const segment of [
    { ...base, key: 'even', included: many(0) },
    { ...base, key: 'not-odd', excluded: many(1), rules: [{ clauses: [], id: 'all' }] },
    { ...base, key: 'few', included: few(), excluded: few() },
    {
      ...base,
      key: 'weighted',
      rules: [{ id: 'half', clauses: [], weight: 50_000, bucketBy: contexts ? '/plan' : 'plan' }],
    },
    {
      ...base,
      key: 'by-country',
      rules: [{ id: 'DE', clauses: [{ attribute: 'country', op: 'in', values: ['DE'] }] }],
    },
    ...(contexts
      ? [
          {
            ...base,
            key: 'contexts',
            includedContexts: [{ contextKind: 'user', values: many(0) }],
            excludedContexts: [{ contextKind: 'user', values: few() }],
          },
        ]
      : []),
  ]) {
    segments[segment.key] = segment;
  }

  const flags = Array.from({ length: flagCount }, (_, number) =>
    flag(`flag-${number}`, {
      on: random() < 0.9,
      version: 1 + below(9),
      variations: [one(['red', null, { a: null, b: [1, null] }]), 'green', number],
      offVariation: one([0, 1, null]),
      prerequisites:
        number > 0 && random() < 0.2 ? [{ key: `flag-${below(number)}`, variation: below(3) }] : [],
      targets: random() < 0.3 ? [{ variation: below(3), values: few() }] : [],
      rules: Array.from({ length: below(4) }, (_rule, index) => ({
        id: `rule-${index}`,
        clauses: Array.from({ length: 1 + below(2) }, clause),
        ...outcome(),
      })),
      fallthrough: outcome(),
    })
  );
  const people = Array.from({ length: peopleCount }, (_, number) => ({
    key: person(number),
    country: one(COUNTRIES),
    email: `${one(['a', 'd', 'x'])}@example.com`,
    custom: {
      age: below(90),
      plan: one(PLANS),
      ...(contexts ? { address: { city: one(CITIES) }, 'a/b': random() < 0.5 } : {}),
    },
  }));
  return { flags: byKey(...flags), segments, people };
}

module.exports = { generate };
