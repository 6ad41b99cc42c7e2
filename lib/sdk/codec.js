'use strict';

/**
 * The data model of SDK 8 and 9. Flags and segments are not plain JSON there: what an evaluation needs is
 * worked out beforehand, such as attribute references and sets of targets. Only the SDK knows how; its
 * `PersistentDataStoreWrapper` does it for stores that hold text, and is used for nothing else here.
 *
 * Each conversion has a wrapper of its own, since one that fails at a write never works again.
 *
 * @typedef {import('../store/contract').DataModel} DataModel
 * @typedef {new (core: object, ttl: number) => any} Wrapper the class of an SDK
 */

/** The kinds that the wrapper knows; it fails for others, which are plain JSON. */
const PROCESSED = new Set(['features', 'segments']);
/** Stands for a null, which SDK 8 can't write. */
const NULL = `null of ${Math.random()} ${Date.now()}`;
const NULL_JSON = JSON.stringify(NULL);
/** The members that an SDK looks into where they are not null. */
const LOOKED_INTO = new Set([
  'excludedContexts',
  'generated_excludedSet',
  'generated_includedSet',
  'includedContexts',
]);

/**
 * @param {Wrapper} Wrapper
 * @returns {DataModel}
 * @throws {Error} when the wrapper is not one of SDK 8 or 9
 */
function newModel(Wrapper) {
  /** @type {DataModel} */
  const model = {
    fromText: true,

    revive(namespace, json) {
      if (!PROCESSED.has(namespace)) return JSON.parse(json);
      /** @type {any} */
      let item = null;
      const core = {
        /** @type {(kind: object, key: string, callback: (found: object) => void) => void} */
        get: (_kind, _key, callback) => callback({ serializedItem: json }),
      };
      new Wrapper(core, 0).get({ namespace }, '', (/** @type {any} */ found) => {
        item = found;
      });
      if (!item) throw new TypeError('it is none of its flags or segments');
      return item;
    },

    serialize(namespace, item) {
      if (!PROCESSED.has(namespace) || !item) return JSON.stringify(item);
      /** @type {any} */
      let json;
      const core = {
        /** @type {(kind: object, key: string, written: any, callback: () => void) => void} */
        upsert(_kind, _key, { serializedItem }, callback) {
          json = serializedItem;
          callback();
        },
      };
      // It changes what it is given, which is what the SDK evaluates.
      new Wrapper(core, 0).upsert({ namespace }, copyOfData(item), () => {});
      // Faster than a regular expression, and for most items there is nothing to do.
      return typeof json === 'string' ? json.split(NULL_JSON).join('null') : json;
    },
  };
  if (!works(model)) {
    throw new Error(
      'DynamoDBFeatureStore: the PersistentDataStoreWrapper of the SDK does not work as that of ' +
        '@launchdarkly/node-server-sdk 8 and 9'
    );
  }
  return model;
}

/**
 * @param {DataModel} model
 * @returns {boolean}
 */
function works(model) {
  const sample = '{"key":"k","version":1}';
  try {
    return model.serialize('features', model.revive('features', sample)) === sample;
  } catch (_) {
    return false;
  }
}

/**
 * @param {any} value
 * @returns {any} the same with arrays and plain objects of its own, `NULL` for nulls, and everything else
 *   as it is
 */
function copyOfData(value) {
  if (value === null) return NULL;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return Array.from(value, elementOfData);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return value;
  const copy = { ...value };
  for (const name of Object.keys(copy)) {
    const member = copy[name];
    // An own `__proto__` stays one: it is there already.
    if (member === undefined || (member === null && LOOKED_INTO.has(name))) delete copy[name];
    else copy[name] = copyOfData(member);
  }
  return copy;
}

/**
 * @param {any} value
 */
function elementOfData(value) {
  return value === undefined ? NULL : copyOfData(value);
}

module.exports = { newModel };
