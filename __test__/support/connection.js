'use strict';

/**
 * How stores reach the engine: by themselves or, where `STORE_CLIENT` names a kind of client, through
 * one of that kind.
 */

const kind = process.env.STORE_CLIENT;

/**
 * @param {string} endpoint
 * @param {any} [options] of a test, which win
 * @returns {object} options of a store
 */
function connection(endpoint, options = {}) {
  if (options.dynamoDBClient) return {};
  if (kind && !options.clientOptions) {
    const { CLIENTS } = require('../contract/js-clients/clients');
    return { dynamoDBClient: CLIENTS[kind](endpoint) };
  }
  return { clientOptions: { endpoint, ...options.clientOptions } };
}

/** Options of tests that are about the store's own client. */
const OF_OWN_CLIENT = kind ? { skip: `not with a client of kind ${kind}` } : {};

module.exports = { OF_OWN_CLIENT, connection };
