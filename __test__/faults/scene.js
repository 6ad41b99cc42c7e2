'use strict';

/**
 * What the fault tests need besides a scene of any test.
 */

const { scenes } = require('../support/scene');
const { waitFor } = require('../support/wait');
const { startFaultProxy } = require('../support/fault-proxy');

/** @returns {ReturnType<typeof scenes>} makes scenes with a fault proxy */
function faultScenes() {
  return scenes(startFaultProxy);
}

/**
 * Waits until all that a store was handed is in the table.
 *
 * @param {any} store
 */
async function allSaved(store) {
  await waitFor(() => store.stats().unsaved === 0, 'all to be in the table');
}

/**
 * The lines about writing: one when it begins to wait and one when all is in.
 *
 * @param {any} scene
 */
function linesOfWaiting(scene) {
  const { logger } = scene;
  return [
    ...logger.linesWith('kept in memory'),
    ...logger.linesWith('have been waiting'),
    ...logger.linesWith('all writes are in the table'),
  ].map(({ level }) => level);
}

/**
 * The items of a namespace as they are in the table, by key.
 *
 * @param {any} scene
 * @param {string} namespace
 * @returns {Promise<Record<string, any>>}
 */
async function itemsInTable(scene, namespace) {
  const rows = (await scene.rows()).filter((row) => row.namespace.S === namespace);
  return Object.fromEntries(rows.map((row) => [row.key.S, JSON.parse(row.item.S)]));
}

/**
 * @param {any[]} items
 * @returns {Record<string, any>} by key
 */
function byKey(...items) {
  return Object.fromEntries(items.map((item) => [item.key, item]));
}

module.exports = { allSaved, byKey, faultScenes, itemsInTable, linesOfWaiting };
