'use strict';

const { post } = require('./callbacks');

/**
 * Makes a big segment store whose data the harness has.
 *
 * @param {string} uri
 */
function forwardingStore(uri) {
  const ask = async (method, body) => (await post(`${uri}/${method}`, body)).json();
  return {
    getMetadata: () => ask('getMetadata'),
    getUserMembership: async (contextHash) => (await ask('getMembership', { contextHash })).values,
    close() {},
  };
}

module.exports = { forwardingStore };
