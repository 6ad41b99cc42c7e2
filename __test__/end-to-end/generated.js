'use strict';

/**
 * Flags and segments with every member of LaunchDarkly's data model, and subjects, made up at random, always the
 * same for the same seed.
 */

const { byKey } = require('../../demo/flag');
const {
  CITIES,
  COUNTRIES,
  DAYS,
  GROUPS,
  OPERATORS,
  PLANS,
  Rules,
  VERSIONS,
} = require('./generated-rules');

/** SDKs 8 and 9 keep lists of up to 100 keys as they are. */
const [SHORT, LONG, VERY_LONG] = [100, 101, 10_000];

/**
 * @param {{seed: number, flagCount: number, subjectCount: number, contexts?: boolean, nulls?: boolean}} size
 *   `contexts` says that there are kinds of contexts, and references into their attributes; `nulls` says that any
 *   optional member can be null
 */
function generate({ seed, flagCount, subjectCount, contexts = false, nulls = false }) {
  const rules = new Rules({ seed, contexts, nulls });
  const segments = {};
  for (const [key, members] of Object.entries(segmentsOf(rules, subjectCount))) {
    // A segment refers only to those before it.
    segments[key] = segment(rules, key, members, Object.keys(segments));
  }
  const keys = { segments: Object.keys(segments), subjectCount };
  const flags = rules.times(flagCount, (number) => flag(rules, number, keys));
  const subjects = rules.times(subjectCount, (number) => subject(rules, number));
  /** @type {{flags: Record<string, any>, segments: Record<string, any>, subjects: any[]}} */
  const data = { flags: byKey(...flags), segments, subjects };
  // Members that are undefined are absent.
  return JSON.parse(JSON.stringify(data));
}

const person = (number) => `person-${number}`;

/** Every second person. */
function half(first, count) {
  return Array.from({ length: count }, (_, number) => person(first + number * 2));
}

/** @returns {Record<string, object>} the members of each segment that matter, by its key */
function segmentsOf(rules, subjectCount) {
  const few = () => rules.list(rules.times(20, () => person(rules.below(subjectCount))));
  const targets = (...lists) => lists.map((values) => ({ contextKind: 'user', values }));
  const orgs = (values) => ({ contextKind: 'org', values });
  return {
    even: { included: half(0, VERY_LONG) },
    'not-odd': { excluded: half(1, VERY_LONG), rules: [{ clauses: [], id: 'all' }] },
    'even-short': { included: half(0, SHORT), excluded: half(1, SHORT) },
    'even-long': { included: half(0, LONG), excluded: half(1, LONG) },
    few: { included: few(), excluded: few() },
    'rules-1': { excluded: rules.nullable([]) },
    'rules-2': { included: rules.nullable([]), salt: rules.nullable('salt') },
    'rules-3': {},
    'rules-4': {},
    'rules-5': {},
    unbounded: { unbounded: true, unboundedContextKind: rules.contextKind(), generation: 3 },
    deleted: { deleted: true },
    ...(rules.contexts
      ? {
          contexts: {
            includedContexts: [...targets(half(0, VERY_LONG), few()), orgs(['org-1'])],
            excludedContexts: [...targets(half(1, VERY_LONG)), orgs(half(0, LONG))],
          },
          'contexts-short': {
            includedContexts: targets(half(0, SHORT), half(1, 3)),
            excludedContexts: targets(half(1, SHORT)),
          },
          'contexts-long': {
            includedContexts: [orgs(['org-0', 'org-2']), ...targets(half(0, LONG))],
            excludedContexts: [...targets(half(1, LONG)), { values: null }],
          },
        }
      : {}),
  };
}

function segment(rules, key, members, before) {
  const rule = () => ({
    ...rules.clauses(before),
    weight: rules.maybe(rules.one([0, 20_000, 50_000, 100_000])),
    bucketBy: rules.maybe(rules.one(['key', 'plan', '/plan', '/address/city', ''])),
    rolloutContextKind: rules.contextKind(),
    ...rules.unknown(),
  });
  return {
    key,
    version: 1,
    included: [],
    excluded: [],
    salt: 'salt of segments',
    deleted: false,
    rules: rules.times(key.startsWith('rules') ? 2 : 0, rule),
    ...members,
    ...rules.unknown(),
  };
}

function flag(rules, number, { segments, subjectCount }) {
  const keys = () => rules.list(rules.times(10, () => person(rules.below(subjectCount))));
  const target = () => ({ variation: rules.below(3), values: keys() });
  const rule = () => ({
    ...rules.clauses(segments),
    ...rules.outcome(),
    trackEvents: rules.maybe(rules.chance(0.5)),
    ...rules.unknown(),
  });
  return {
    key: `flag-${number}`,
    version: 1 + rules.below(9),
    on: rules.chance(0.9),
    deleted: rules.chance(0.02),
    salt: `salt of ${number}`,
    variations: [rules.one(['red', null, { a: null, b: [1, null, { c: null }] }]), 'green', number],
    offVariation: rules.one([0, 1, null, undefined]),
    prerequisites: prerequisites(rules, number),
    targets: rules.nullable(rules.times(rules.one([0, 0, 0, 1, 2]), target)),
    contextTargets: rules.contexts ? contextTargets(rules, target) : undefined,
    rules: rules.nullable(rules.times(rules.below(4), rule)),
    fallthrough: rules.nullable(rules.outcome()),
    ...reporting(rules),
    ...rules.unknown(),
  };
}

function prerequisites(rules, number) {
  const before = () => ({ key: `flag-${rules.below(number)}`, variation: rules.below(3) });
  return rules.nullable(rules.times(number > 0 && rules.chance(0.2) ? 1 : 0, before));
}

function contextTargets(rules, target) {
  const values = ['org-1', 'device-2'];
  return rules.maybe(
    rules.one([[], [], [{ contextKind: 'user', variation: 1, values: [] }]]).concat(
      rules.times(rules.one([0, 0, 1]), () => ({
        ...target(),
        contextKind: rules.one(['org', 'device']),
        values,
      }))
    )
  );
}

/** Members that don't change a flag's value. */
function reporting(rules) {
  return {
    trackEvents: rules.maybe(rules.chance(0.5)),
    trackEventsFallthrough: rules.maybe(rules.chance(0.5)),
    debugEventsUntilDate: rules.maybe(1_700_000_000_000),
    clientSide: rules.maybe(true),
    clientSideAvailability: rules.maybe({
      usingMobileKey: rules.maybe(true),
      usingEnvironmentId: rules.chance(0.5),
    }),
    samplingRatio: rules.maybe(rules.below(3)),
    excludeFromSummaries: rules.maybe(true),
    migration: rules.maybe({ checkRatio: rules.maybe(2) }),
  };
}

/** A user, or in most cases a context of another kind or of several. */
function subject(rules, number) {
  const { anonymous, country, email, ...custom } = attributes(rules);
  const user = { key: person(number), anonymous, country, email };
  if (!rules.contexts) return { ...user, custom };
  const kinds = {
    user: { ...user, ...custom },
    org: { key: `org-${number % 5}`, ...attributes(rules) },
    device: { key: `device-${number % 7}`, ...attributes(rules) },
  };
  const chosen = rules.one([['user'], ['user'], ['org'], ['user', 'org'], Object.keys(kinds)]);
  if (chosen.length === 1) return { kind: chosen[0], ...kinds[chosen[0]] };
  return { kind: 'multi', ...Object.fromEntries(chosen.map((kind) => [kind, kinds[kind]])) };
}

function attributes(rules) {
  return {
    anonymous: rules.chance(0.2),
    country: rules.one(COUNTRIES),
    email: `${rules.one(['a', 'd', 'xy'])}@example.${rules.one(['com', 'org'])}`,
    age: rules.one([17, 18, 19, 40, 41]),
    plan: rules.one(PLANS),
    groups: rules.some(GROUPS),
    born: rules.one(DAYS),
    app: rules.one(VERSIONS),
    ...(rules.contexts
      ? {
          address: { city: rules.one(CITIES) },
          'a/b': rules.chance(0.5),
          lead: 'x',
          '/lead': rules.one(CITIES),
          'til~de': rules.chance(0.5),
        }
      : {}),
  };
}

module.exports = { OPERATORS, generate };
