'use strict';

/** A region, and no more than that: it becomes part of log lines. */
const REGION = /^[a-zA-Z0-9-]{1,63}$/;

/**
 * Finds the region of a client, for log lines. Version 2 has it as text, version 3 as a function, and a double may
 * have none. Never throws.
 *
 * @param {any} client
 * @param {(region: string) => void} found called if there is one, perhaps later
 */
function findRegion(client, found) {
  try {
    // Version 2's document client keeps its client in `service`.
    const { config } = client.config ? client : client.service;
    const region = typeof config.region === 'function' ? config.region() : config.region;
    Promise.resolve(region).then((text) => {
      if (typeof text === 'string' && REGION.test(text)) found(text);
    }, ignore);
  } catch (_) {
    // The client has no configuration of this form.
  }
}

function ignore() {}

module.exports = { findRegion };
