'use strict';

/**
 * The flags and segments under a prefix.
 *
 * @typedef {object} Items rows by key: `{ version, deleted, json }` or `{ unreadable }`
 * @property {Map<string, any>} features
 * @property {Map<string, any>} segments
 */

const { Progress } = require('./progress');

/**
 * @param {import('./table').Table} table
 * @returns {Promise<Items>}
 */
async function readItems(table) {
  const progress = new Progress();
  const shown = (/** @type {string} */ kind) => (/** @type {number} */ count) =>
    progress.show(`${count} ${kind} read`);
  try {
    // Writers put segments first, so that the segments of all flags are there when these are read last.
    const features = await table.items('features', shown('flags'));
    const segments = await table.items('segments', shown('segments'));
    return { features, segments };
  } finally {
    progress.end();
  }
}

module.exports = { readItems };
