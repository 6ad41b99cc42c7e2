'use strict';

/**
 * How stores reach the engine: by themselves or, where `STORE_CLIENT` names a kind of client, through
 * one of that kind.
 */

const kind = process.env.STORE_CLIENT;

/**
 * @param {string} endpoint
 * @param {any} [given] the options of a test; what it says of the client counts
 * @returns {object} options of a store
 */
function connection(endpoint, given = {}) {
  if (given.dynamoDBClient) return {};
  if (kind && !given.clientOptions) {
    const { CLIENTS } = require('../contract/js-clients/clients');
    return { dynamoDBClient: CLIENTS[kind](endpoint) };
  }
  return { clientOptions: { endpoint, ...given.clientOptions } };
}

/** Options of tests that are about the store's own client. */
const OF_OWN_CLIENT = kind ? { skip: `not with a client of kind ${kind}` } : {};

module.exports = { OF_OWN_CLIENT, connection };
