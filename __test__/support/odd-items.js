'use strict';

/**
 * JSON texts of flags and segments that are mostly valid, with anything in the place of any member, always the
 * same for the same random numbers.
 */

/**
 * Members of objects that nothing is known about. Some have a meaning elsewhere, or for JavaScript. Those that SDKs
 * can't write where they don't expect them are left out.
 */
const NAMES = [
  '__proto__',
  'attribute',
  'attributeReference',
  'bucketBy',
  'bucketByAttributeReference',
  'clauses',
  'constructor',
  'contextKind',
  'included',
  'length',
  'null',
  'rollout',
  'rules',
  'values',
  'variations',
  'ä "\\ö',
];
const ATTRIBUTES = [
  'key',
  'name',
  'kind',
  'a/b',
  '/a/b',
  '/a~1b',
  '/_meta/a',
  '',
  '/',
  '//',
  '/~2',
];
const KINDS = ['user', 'org', '', 'multi', 'kind'];
const OPERATORS = ['in', 'matches', 'before', 'semVerEqual', 'segmentMatch', 'no such operator'];
const LENGTHS = [0, 1, 3, 99, 100, 101, 102];

class OddItems {
  /**
   * @param {() => number} random
   */
  constructor(random) {
    this.random = random;
  }

  /**
   * @param {string} namespace `features` or `segments`
   * @returns {string}
   */
  next(namespace) {
    return this.object(namespace === 'features' ? this.flag() : this.segment());
  }

  flag() {
    return {
      key: () => '"f"',
      version: () => '1',
      on: () => this.one(['true', 'false']),
      deleted: () => this.one(['false', 'false', 'false', '0', '1', '""']),
      prerequisites: () => this.list(() => this.object({ key: () => '"g"', variation: () => '0' })),
      targets: () => this.list(() => this.target()),
      contextTargets: () => this.list(() => this.target()),
      rules: () => this.list(() => this.object(this.flagRule())),
      fallthrough: () => this.object(this.outcome()),
      variations: () => this.list(() => this.anything()),
      ...this.unknown(),
    };
  }

  flagRule() {
    return { id: () => '"r"', clauses: () => this.clauses(), ...this.outcome(), ...this.unknown() };
  }

  outcome() {
    return { variation: () => '0', rollout: () => this.object(this.rollout()) };
  }

  rollout() {
    return {
      kind: () => '"experiment"',
      seed: () => '5',
      contextKind: () => this.text(KINDS),
      bucketBy: () => this.text(ATTRIBUTES),
      variations: () => this.list(() => '{"variation":0,"weight":100000,"untracked":null}'),
      ...this.unknown(),
    };
  }

  segment() {
    return {
      key: () => '"s"',
      version: () => '1',
      included: () => this.keys(),
      excluded: () => this.keys(),
      includedContexts: () => this.list(() => this.target()),
      excludedContexts: () => this.list(() => this.target()),
      rules: () => this.list(() => this.object(this.segmentRule())),
      salt: () => '"salt"',
      unbounded: () => this.one(['true', 'false']),
      generation: () => '2',
      ...this.unknown(),
    };
  }

  segmentRule() {
    return {
      clauses: () => this.clauses(),
      weight: () => '50000',
      bucketBy: () => this.text(ATTRIBUTES),
      rolloutContextKind: () => this.text(KINDS),
      ...this.unknown(),
    };
  }

  clauses() {
    const clause = {
      contextKind: () => this.text(KINDS),
      attribute: () => this.text(ATTRIBUTES),
      op: () => this.text(OPERATORS),
      values: () => this.list(() => this.anything()),
      negate: () => this.one(['true', 'false']),
    };
    return this.list(() => this.object({ ...clause, ...this.unknown() }));
  }

  target() {
    return this.object({
      contextKind: () => this.text(KINDS),
      values: () => this.keys(),
      variation: () => '0',
    });
  }

  /** A list of keys that has about as many elements as SDKs keep in a list. */
  keys() {
    const keys = Array.from({ length: this.one(LENGTHS) }, (_, index) => `"k${index}"`);
    if (this.chance(0.1)) keys.push('null');
    return `[${keys}]`;
  }

  unknown() {
    return this.chance(0.2) ? { [this.one(NAMES)]: () => this.anything() } : {};
  }

  /** Any JSON value. */
  anything(depth = 0) {
    const simple = ['null', 'null', '0', '-1.5e-7', '""', '"null"', 'true', 'false', '[]', '{}'];
    if (depth > 3 || this.chance(0.6)) return this.one(simple);
    if (this.chance(0.2)) return this.chance(0.5) ? this.keys() : '{"length":200}';
    const length = this.below(4);
    if (this.chance(0.5)) {
      return `[${Array.from({ length }, () => this.anything(depth + 1))}]`;
    }
    const names = Array.from({ length }, () => this.one(NAMES));
    const members = names.map((name) => [name, () => this.anything(depth + 1)]);
    return this.object(Object.fromEntries(members));
  }

  /** @param {Record<string, () => string>} members */
  object(members) {
    const space = this.one(['', '', ' ', '\n\t']);
    const texts = Object.entries(members)
      .filter(() => this.chance(0.8))
      .map(([name, value]) => `${JSON.stringify(name)}${space}:${this.orOdd(value)}${space}`);
    return `{${space}${texts.join(`,${space}`)}}`;
  }

  /** @param {() => string} element */
  list(element) {
    return `[${Array.from({ length: this.below(4) }, () => this.orOdd(element))}]`;
  }

  /** @param {() => string} value */
  orOdd(value) {
    return this.chance(0.04) ? this.anything() : value();
  }

  text(texts) {
    return JSON.stringify(this.one(texts));
  }

  one(list) {
    return list[this.below(list.length)];
  }

  below(limit) {
    return Math.floor(this.random() * limit);
  }

  chance(share) {
    return this.random() < share;
  }
}

module.exports = { OddItems };
