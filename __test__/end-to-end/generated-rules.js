'use strict';

/**
 * The parts that generated flags and segments have in common: clauses, rollouts, and members that may be absent or
 * null.
 */

const { THIRDS } = require('../../demo/flag');
const { randomNumbers } = require('../support/faults');

const COUNTRIES = ['AT', 'CH', 'DE', 'FR', 'IT'];
const PLANS = ['free', 'silver', 'gold'];
const CITIES = ['Bern', 'Wien', 'Zürich'];
const GROUPS = ['beta', 'staff', 'press'];
const VERSIONS = ['1.9.9', '2', '2.0.0-rc.1', '2.0.0', '2.10.0+build'];
const DAYS = ['1990-01-01T00:00:00Z', '2001-09-09T01:46:40Z', 1_000_000_000_000, 1_500_000_000_000];
/** Attribute references, valid or not. Without a context kind they are names, in which a slash has no meaning. */
const REFERENCES = [
  ...['key', 'kind', 'country', '/country', '/address/city', 'address/city', '/a~1b', 'a/b'],
  ...['/lead', '/til~0de', 'til~de', '/groups/0', '/no/such/attribute', '_meta', '/_meta/x'],
  ...['', '/', '//', '/address//city', '/address/', 'name~', '/bad~2'],
];
const REFERRED = [...COUNTRIES, ...CITIES, 'x', 'user', 'org', true, false];

/** What clauses compare with each operator, by the attribute that they look at. */
const OPERANDS = {
  in: { country: COUNTRIES, plan: PLANS, groups: GROUPS, age: [17, 18, 19], anonymous: [true] },
  endsWith: { email: ['@example.com', '.org'] },
  startsWith: { email: ['a', 'x'] },
  matches: { email: ['^[a-c]', '@ex.*m$', '^\\w{2}@'] },
  contains: { email: ['d@', 'example.org'] },
  lessThan: { age: [18, 40] },
  lessThanOrEqual: { age: [18, 40] },
  greaterThan: { age: [18, 40] },
  greaterThanOrEqual: { age: [18, 40] },
  before: { born: DAYS },
  after: { born: DAYS },
  semVerEqual: { app: VERSIONS },
  semVerLessThan: { app: VERSIONS },
  semVerGreaterThan: { app: VERSIONS },
  noSuchOperator: { country: COUNTRIES },
};
const OPERATORS = ['segmentMatch', ...Object.keys(OPERANDS)];

class Rules {
  /**
   * @param {{seed: number, contexts: boolean, nulls: boolean}} options
   */
  constructor({ seed, contexts, nulls }) {
    this.random = randomNumbers(seed);
    this.contexts = contexts;
    this.nulls = nulls;
  }

  below(limit) {
    return Math.floor(this.random() * limit);
  }

  chance(share) {
    return this.random() < share;
  }

  one(list) {
    return list[this.below(list.length)];
  }

  some(list) {
    return list.filter(() => this.chance(0.4));
  }

  times(count, element) {
    return Array.from({ length: count }, (_, index) => element(index));
  }

  /** A member that may be absent, or null where the SDK removes nulls. */
  maybe(value) {
    if (this.chance(0.7)) return value;
    return this.nulls && this.chance(0.5) ? null : undefined;
  }

  /** A member that SDKs without null removal need. */
  nullable(value) {
    return this.nulls && this.chance(0.04) ? null : value;
  }

  /** A list that may have null elements. */
  list(values) {
    return this.nulls && this.chance(0.05) ? [null, ...values, null] : values;
  }

  /** A member that no SDK knows. */
  unknown() {
    return this.chance(0.05) ? { unknown: { attribute: 'key', values: this.list([1]) } } : {};
  }

  contextKind() {
    return this.contexts ? this.maybe(this.one(['user', 'user', 'org', 'device', ''])) : undefined;
  }

  /** @param {string[]} segments the keys of the segments that it may refer to */
  clause(segments) {
    return { ...this.condition(segments), negate: this.maybe(this.chance(0.2)), ...this.unknown() };
  }

  condition(segments) {
    if (segments.length > 0 && this.chance(0.2)) {
      const attribute = this.one(['', undefined, ...(this.nulls ? [null] : [])]);
      return { attribute, op: 'segmentMatch', values: [this.one(segments)] };
    }
    if (this.contexts && this.chance(0.3)) {
      const values = this.list(this.some(REFERRED));
      const [contextKind, attribute] = [this.contextKind(), this.one(REFERENCES)];
      return { contextKind, attribute, op: 'in', values };
    }
    const op = this.one(Object.keys(OPERANDS));
    const [attribute, values] = this.one(Object.entries(OPERANDS[op]));
    const contextKind = this.chance(0.5) ? this.contextKind() : undefined;
    return { contextKind, attribute, op, values: this.list(this.some(values)) };
  }

  /** Names the operators, so that a test sees in the results which of them matched. */
  clauses(segments) {
    const clauses = this.times(this.one([1, 1, 1, 2]), () => this.clause(segments));
    return { clauses, id: `${clauses.map(({ op }) => op).join(' ')} ${this.below(1000)}` };
  }

  rollout() {
    const attributes = ['key', 'plan', 'country', ...(this.contexts ? REFERENCES : [])];
    const untracked = () => (this.chance(0.2) ? { untracked: this.maybe(true) } : {});
    return {
      variations: THIRDS.map((third) => ({ ...third, ...untracked() })),
      kind: this.maybe(this.one(['rollout', 'experiment'])),
      seed: this.chance(0.5) ? this.maybe(this.below(1000)) : undefined,
      bucketBy: this.maybe(this.one(attributes)),
      contextKind: this.contextKind(),
      ...this.unknown(),
    };
  }

  outcome() {
    const rollout = this.rollout();
    return this.chance(0.3) ? { rollout } : { variation: this.below(3) };
  }
}

module.exports = { CITIES, COUNTRIES, DAYS, GROUPS, OPERATORS, PLANS, Rules, VERSIONS };
