'use strict';

/**
 * Opens a store as its SDK does. The SDK is already loaded.
 *
 * @param {import('../measurements').Context} context
 * @param {{cacheTTL?: number}} [options]
 * @returns {any}
 */
function openStore({ store, endpoint, logger }, options = {}) {
  store.sdk.load();
  return store.open(store.create(store.load(), { endpoint, logger, ...options }), logger);
}

module.exports = { openStore };
