'use strict';

/**
 * The codec for the items of an SDK 8 or 9: the SDK's own until `prepare` has found that the fast codec gives the same.
 *
 * @typedef {import('../store/contract').DataModel} DataModel
 */

const { isPlain } = require('../store/contract');
// Not loaded on demand: `prepare` may run when a test environment that loaded this is gone.
const { fastCodec } = require('./fast-codec');
const { sdkCodec } = require('./sdk-codec');

/**
 * @param {import('./sdk-codec').Wrapper} Wrapper
 * @returns {DataModel}
 * @throws {Error} if the wrapper does not work like that of SDK 8 and 9
 */
function newCodec(Wrapper) {
  const own = sdkCodec(Wrapper);
  let codec = own;
  let isPrepared = false;
  return {
    prepare() {
      if (isPrepared) return;
      isPrepared = true;
      codec = fastCodec(own) || own;
    },

    form: (namespace) => codec.form(namespace),

    revive(namespace, json) {
      // The native store sends text if that was requested, or if only the SDK's own codec can read the item.
      const isText = typeof json === 'string' && !isPlain(namespace);
      return (isText ? own : codec).revive(namespace, json);
    },

    serialize: (namespace, item) => codec.serialize(namespace, item),
  };
}

module.exports = { newCodec };
