'use strict';

/**
 * The own codec of an SDK 8 or 9, which its `PersistentDataStoreWrapper` has for stores that hold text. The wrapper
 * is used here for nothing else. `fast-codec.js` replaces this codec where it gives the same.
 *
 * Each conversion uses a new wrapper, because a wrapper that failed at a write never works again.
 *
 * @typedef {Omit<import('../store/contract').DataModel, 'prepare'>} Codec
 * @typedef {new (core: object, ttl: number) => any} Wrapper the class of an SDK
 */

const { FORM, isPlain } = require('../store/contract');

/**
 * The members of the error about an SDK that works otherwise.
 *
 * @type {{code: import('../..').ErrorCode}}
 */
const UNKNOWN = { code: 'SDK_NOT_FOUND' };
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
 * @returns {Codec}
 * @throws {Error} if the wrapper does not work like that of SDK 8 and 9
 */
function sdkCodec(Wrapper) {
  /** @type {Codec} */
  const codec = {
    form: (namespace) => (isPlain(namespace) ? FORM.json : FORM.text),

    revive(namespace, json) {
      if (isPlain(namespace)) return json;
      /** @type {any} */
      let item = null;
      const core = {
        /** @type {(kind: object, key: string, callback: (found: object) => void) => void} */
        get: (_kind, _key, callback) => callback({ serializedItem: json }),
      };
      new Wrapper(core, 0).get({ namespace }, '', (/** @type {any} */ found) => {
        // SDK 8.0 calls back a second time, with null.
        if (item === null) item = found;
      });
      if (!item) throw new TypeError('it is none of its flags or segments');
      return item;
    },

    serialize(namespace, item) {
      if (isPlain(namespace) || !item) return JSON.stringify(item);
      /** @type {any} */
      let written;
      const core = {
        /** @type {(kind: object, key: string, item: any, callback: () => void) => void} */
        upsert(_kind, _key, serialized, callback) {
          written = serialized;
          callback();
        },
      };
      // The wrapper changes its argument, and the SDK still evaluates the original.
      new Wrapper(core, 0).upsert({ namespace }, copyOfData(item), () => {});
      if (written === undefined) throw new TypeError("the SDK's wrapper did not convert it");
      const json = written.serializedItem;
      // Faster than a regular expression, because most items have no nulls.
      return typeof json === 'string' ? json.split(NULL_JSON).join('null') : json;
    },
  };
  if (!canRead(codec)) {
    const failure = new Error(
      'DynamoDBFeatureStore: the PersistentDataStoreWrapper of the SDK does not work as that of ' +
        '@launchdarkly/node-server-sdk 8 and 9'
    );
    throw Object.assign(failure, UNKNOWN);
  }
  return codec;
}

/**
 * Writing is not tried: a function that only reads flags would wait for it.
 *
 * @param {Codec} codec
 * @returns {boolean}
 */
function canRead(codec) {
  try {
    return codec.revive('features', '{"key":"k","version":1}').key === 'k';
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

module.exports = { sdkCodec };
