'use strict';

/**
 * How stores connect to the engine: directly, or through a JS client if `STORE_CLIENT` names a kind of client.
 */

const kind = process.env.STORE_CLIENT;

/**
 * @param {string} endpoint
 * @param {any} [options] a test's options, which win
 * @returns {object} the options that connect a store
 */
function connection(endpoint, options = {}) {
  if (options.dynamoDBClient) return {};
  if (kind && !options.clientOptions) {
    const { CLIENTS } = require('../contract/js-clients/clients');
    return { dynamoDBClient: CLIENTS[kind](endpoint) };
  }
  return { clientOptions: { endpoint, ...options.clientOptions } };
}

/** Options for tests of the store's own client. */
const OF_OWN_CLIENT = kind ? { skip: `not with a client of kind ${kind}` } : {};

module.exports = { OF_OWN_CLIENT, connection };
