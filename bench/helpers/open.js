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
  const created = store.create(store.load(), { endpoint, logger, ...options });
  return store.sdk.open(created, logger);
}

module.exports = { openStore };
