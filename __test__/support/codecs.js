'use strict';

/**
 * The codecs that a store can use for the items of SDK 8 and 9.
 */

/** Members of the items with which the store compares its own codec with the SDK's. */
const COMPARED = new Set(['flag', 'segment']);

/**
 * @param {any} sdk the module
 * @returns {any} a value for the option `sdk` with which the store uses the SDK's own codec. It changes only the
 *   items with which the store compares the codecs.
 */
function withOwnCodec(sdk) {
  class Wrapper extends sdk.PersistentDataStoreWrapper {
    get(kind, key, callback) {
      super.get(kind, key, (item) => {
        callback(item && COMPARED.has(item.key) ? { ...item, isDifferent: true } : item);
      });
    }
  }
  return { ...sdk, PersistentDataStoreWrapper: Wrapper };
}

module.exports = { withOwnCodec };
