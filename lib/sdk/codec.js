'use strict';

/**
 * The codec for the items of an SDK 8 or 9: the SDK's own at first, and the fast codec after a comparison has found that
 * it gives the same. A function that evaluates a few flags never needs the comparison.
 *
 * @typedef {import('../store/contract').DataModel} DataModel
 */

const { isPlain } = require('../store/contract');
const { sdkCodec } = require('./sdk-codec');

/** How many single items the SDK's own codec converts. More would take longer than the comparison. */
const ITEMS_BEFORE_COMPARISON = 32;

/**
 * @param {import('./sdk-codec').Wrapper} Wrapper
 * @returns {DataModel}
 * @throws {Error} if the wrapper does not work like that of SDK 8 and 9
 */
function newCodec(Wrapper) {
  const own = sdkCodec(Wrapper);
  let codec = own;
  let isPrepared = false;
  let converted = 0;

  function prepare() {
    if (isPrepared) return;
    isPrepared = true;
    // Loaded on demand because a function that reads a few flags does not need it.
    codec = require('./fast-codec').fastCodec(own) || own;
  }

  function count() {
    if (converted >= ITEMS_BEFORE_COMPARISON) prepare();
    else converted += 1;
  }

  return {
    prepare,

    form: (namespace) => codec.form(namespace),

    revive(namespace, json) {
      count();
      // The native store sends text if that was requested, or if only the SDK's own codec can read the item.
      const isText = typeof json === 'string' && !isPlain(namespace);
      return (isText ? own : codec).revive(namespace, json);
    },

    serialize(namespace, item) {
      count();
      return codec.serialize(namespace, item);
    },
  };
}

module.exports = { newCodec };
