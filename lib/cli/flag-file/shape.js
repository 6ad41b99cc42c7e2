'use strict';

/**
 * The shape of flags and segments, as far as SDKs fail or evaluate wrongly if a member has another type. Members may
 * be absent or null, and may have others beside them.
 *
 * A shape is the name of a type, a list with the shape of its elements, or an object with the shapes of its members.
 *
 * @typedef {string | any[] | Record<string, any>} Shape
 */

const CLAUSE = {
  contextKind: 'string',
  attribute: 'string',
  op: 'string',
  values: 'array',
  negate: 'boolean',
};
const OUTCOME = {
  variation: 'number',
  rollout: {
    variations: [{ variation: 'number', weight: 'number' }],
    bucketBy: 'string',
    kind: 'string',
    seed: 'number',
  },
};
const TARGETS = [{ variation: 'number', values: 'array' }];
const MEMBERSHIPS = [{ contextKind: 'string', values: 'array' }];

/** @type {Shape} */
const FLAG = {
  on: 'boolean',
  deleted: 'boolean',
  salt: 'string',
  variations: 'array',
  offVariation: 'number',
  fallthrough: OUTCOME,
  prerequisites: [{ key: 'string', variation: 'number' }],
  targets: TARGETS,
  contextTargets: TARGETS,
  rules: [{ ...OUTCOME, id: 'string', clauses: [CLAUSE] }],
};

/** @type {Shape} */
const SEGMENT = {
  deleted: 'boolean',
  salt: 'string',
  included: 'array',
  excluded: 'array',
  includedContexts: MEMBERSHIPS,
  excludedContexts: MEMBERSHIPS,
  unbounded: 'boolean',
  generation: 'number',
  rules: [{ id: 'string', clauses: [CLAUSE], weight: 'number', bucketBy: 'string' }],
};

/**
 * @param {any} value
 * @param {Shape} shape
 * @param {string} path of the value
 * @returns {string | undefined} what is wrong
 */
function problemOf(value, shape, path) {
  const type = typeOf(value);
  if (typeof shape === 'string') return type === shape ? undefined : mustBe(path, shape, type);
  const problem = mustBe(path, Array.isArray(shape) ? 'array' : 'object', type);
  if (Array.isArray(shape)) {
    if (type !== 'array') return problem;
    return first(value, (element, i) => problemOf(element, shape[0], `${path}[${i}]`));
  }
  if (type !== 'object') return problem;
  return first(Object.keys(shape), (name) => {
    const member = value[name];
    const isThere = Object.prototype.hasOwnProperty.call(value, name) && member !== null;
    return isThere ? problemOf(member, shape[name], `${path}.${name}`) : undefined;
  });
}

/**
 * @param {string} path
 * @param {string} wanted
 * @param {string} found
 */
function mustBe(path, wanted, found) {
  return `${path} must be ${withArticle(wanted)}, not ${withArticle(found)}`;
}

/**
 * @param {string} type
 */
function withArticle(type) {
  if (type === 'null') return type;
  return `${/^[ao]/.test(type) ? 'an' : 'a'} ${type}`;
}

/**
 * @param {any} value a JSON value
 */
function typeOf(value) {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/**
 * @template T
 * @param {T[]} list
 * @param {(element: T, index: number) => string | undefined} check
 * @returns {string | undefined}
 */
function first(list, check) {
  for (let i = 0; i < list.length; i += 1) {
    const problem = check(list[i], i);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

module.exports = { FLAG, SEGMENT, mustBe, problemOf, typeOf };
