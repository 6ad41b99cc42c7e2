'use strict';

/**
 * The codec of SDK 8 and 9. Their flags and segments are not plain JSON but preprocessed for evaluation
 * (attribute references, sets of targets). The SDK's `PersistentDataStoreWrapper` does this for stores that
 * hold text, and is used here for nothing else.
 *
 * Each conversion uses a new wrapper, because a wrapper that failed at a write never works again.
 *
 * @typedef {import('../store/contract').DataModel} DataModel
 * @typedef {new (core: object, ttl: number) => any} Wrapper the class of an SDK
 */

/** The kinds that the wrapper supports. It fails for others, which are plain JSON. */
const PROCESSED = new Set(['features', 'segments']);
/** A placeholder for nulls, which SDK 8 can't write. */
const NULL = `null of ${Math.random()} ${Date.now()}`;
const NULL_JSON = JSON.stringify(NULL);
/**
 * Members that SDKs read into unless they are null. Nulls are dropped here because a placeholder would break
 * that.
 */
const DROPPED_IF_NULL = new Set([
  'excludedContexts',
  'generated_excludedSet',
  'generated_includedSet',
  'includedContexts',
]);

/**
 * @param {Wrapper} Wrapper
 * @returns {DataModel}
 * @throws {Error} if the wrapper does not work like that of SDK 8 and 9
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
      // The wrapper changes its argument, and the SDK still evaluates the original.
      new Wrapper(core, 0).upsert({ namespace }, copyOfData(item), () => {});
      // Faster than a regular expression, because most items have no nulls.
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
 * @returns {any} a deep copy of arrays and plain objects, with `NULL` for nulls; other values are unchanged
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
    // The spread has made `__proto__` an own property, so assigning to it sets no prototype.
    if (member === undefined || (member === null && DROPPED_IF_NULL.has(name))) delete copy[name];
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
