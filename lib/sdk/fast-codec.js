'use strict';

/**
 * A codec of SDK 8 and 9 for parsed JSON. It sets what the SDK computes in advance for evaluation: attribute
 * references, and sets in place of long lists. The native store has removed null members, as the SDK does.
 *
 * It serves only SDKs whose own codec gives the same for the items of `probe.js`.
 *
 * @typedef {import('./sdk-codec').Codec} Codec
 * @typedef {new (attribute: any, isLiteral: boolean) => object} Reference the SDK's class of attribute references
 */

const { FORM, isPlain } = require('../store/contract');
const { isSameCodec, traitsOf } = require('./probe');

/** The SDK keeps longer lists of targets as sets. */
const LONGEST_LIST = 100;
/** The maximum number of attribute references that are kept for reuse. Applications have few attributes. */
const MAX_REFERENCES = 1000;
/** The set that stands for a list, by the list's name. */
const SETS = {
  included: 'generated_includedSet',
  excluded: 'generated_excludedSet',
  values: 'generated_valuesSet',
};

/**
 * @param {Codec} own the SDK's own codec
 * @returns {Codec | undefined} `undefined` if the SDK's codec differs
 */
function fastCodec(own) {
  try {
    const { Reference, invalid, keepsVariations } = traitsOf(own);
    const flagForm = keepsVariations ? FORM.noNullsButVariations : FORM.noNulls;
    const codec = newCodec(flagForm, new References(Reference, invalid));
    return isSameCodec(codec, own) ? codec : undefined;
  } catch (_) {
    // The SDK's codec can't read or write the items of the probe.
    return undefined;
  }
}

/**
 * @param {number} flagForm
 * @param {References} references
 * @returns {Codec}
 */
function newCodec(flagForm, references) {
  return {
    form(namespace) {
      if (isPlain(namespace)) return FORM.json;
      return namespace === 'features' ? flagForm : FORM.noNulls;
    },

    revive(namespace, json) {
      if (isPlain(namespace)) return json;
      // The native store leaves out what is deleted, but a number or text is no tombstone to it.
      if (json.deleted) throw new TypeError('it is deleted');
      if (namespace === 'features') precomputeFlag(json, references);
      else precomputeSegment(json, references);
      return json;
    },

    serialize: (namespace, item) =>
      JSON.stringify(item, isPlain(namespace) ? undefined : references.withoutComputed),
  };
}

/** Makes attribute references. Those of the same attribute are one object, because nothing changes them. */
class References {
  /**
   * @param {Reference} Reference
   * @param {object} invalid the reference of a clause without an attribute
   */
  constructor(Reference, invalid) {
    this.Reference = Reference;
    this.invalid = invalid;
    /** @type {Map<string, object>} by attribute name */
    this.literals = new Map();
    /** @type {Map<string, object>} by attribute name or path */
    this.paths = new Map();
    this.withoutComputed = this.withoutComputed.bind(this);
  }

  /**
   * @param {any} attribute
   * @param {boolean} isLiteral whether a slash has no meaning in it, as in data without context kinds
   * @returns {object}
   */
  of(attribute, isLiteral) {
    const known = isLiteral ? this.literals : this.paths;
    let reference = known.get(attribute);
    if (reference === undefined) {
      reference = new this.Reference(attribute, isLiteral);
      if (known.size >= MAX_REFERENCES) known.clear();
      known.set(attribute, reference);
    }
    return reference;
  }

  /**
   * Replaces what the SDK has computed by what it was computed from, for `JSON.stringify`.
   *
   * @param {string} _name
   * @param {any} value
   */
  withoutComputed(_name, value) {
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof this.Reference) return undefined;
    if (Array.isArray(value)) return value[0] instanceof this.Reference ? undefined : value;
    const hasSet =
      value.generated_includedSet || value.generated_excludedSet || value.generated_valuesSet;
    return hasSet ? withLists(value) : value;
  }
}

/**
 * @param {any} object
 * @returns {any} a copy with lists in place of sets
 */
function withLists(object) {
  const copy = { ...object };
  for (const [list, set] of Object.entries(SETS)) {
    if (copy[set]) copy[list] = [...copy[set]];
    delete copy[set];
  }
  return copy;
}

/**
 * @param {any} flag
 * @param {References} references
 */
function precomputeFlag(flag, references) {
  if (flag.fallthrough) precomputeRollout(flag.fallthrough.rollout, references);
  if (flag.rules === undefined) return;
  flag.rules.forEach((/** @type {any} */ rule) => {
    precomputeRollout(rule.rollout, references);
    precomputeClauses(rule.clauses, references);
  });
}

/**
 * @param {any} rollout
 * @param {References} references
 */
function precomputeRollout(rollout, references) {
  if (!rollout || !rollout.bucketBy) return;
  rollout.bucketByAttributeReference = references.of(rollout.bucketBy, !rollout.contextKind);
}

/**
 * @param {any} clauses
 * @param {References} references
 */
function precomputeClauses(clauses, references) {
  if (clauses === undefined) return;
  clauses.forEach((/** @type {any} */ clause) => {
    if (!clause) return;
    clause.attributeReference = clause.attribute
      ? references.of(clause.attribute, !clause.contextKind)
      : references.invalid;
  });
}

/**
 * @param {any} segment
 * @param {References} references
 */
function precomputeSegment(segment, references) {
  for (const list of /** @type {const} */ (['included', 'excluded'])) {
    if (isLong(segment[list])) {
      segment[SETS[list]] = new Set(segment[list]);
      delete segment[list];
    }
  }
  precomputeTargets(segment.includedContexts);
  precomputeTargets(segment.excludedContexts);
  if (segment.rules === undefined) return;
  segment.rules.forEach((/** @type {any} */ rule) => {
    if (rule.bucketBy) {
      const reference = references.of(rule.bucketBy, !rule.rolloutContextKind);
      rule.bucketByAttributeReference = reference;
    }
    precomputeClauses(rule.clauses, references);
  });
}

/**
 * @param {any} targets
 */
function precomputeTargets(targets) {
  if (!targets || !targets.length) return;
  targets.forEach((/** @type {any} */ target) => {
    if (!target || !isLong(target.values)) return;
    target[SETS.values] = new Set(target.values);
    target.values = [];
  });
}

/**
 * @param {any} list
 * @returns {boolean}
 */
function isLong(list) {
  return Boolean(list) && list.length > LONGEST_LIST;
}

module.exports = { fastCodec };
