'use strict';

/**
 * Hands an init, an update and a delete to a store for which no thread can be started, since the process has
 * no file descriptor; then frees some, and waits until everything is in the table.
 *
 * Input: `endpoint`, `table`.
 */

const { closeSync, openSync } = require('node:fs');
const { devNull } = require('node:os');

const { recordingLogger } = require('../../support/logger');
const { promised, waitFor } = require('../../support/wait');
const { DynamoDBFeatureStore } = require('../../..');
const { print } = require('./calls');

const FEATURES = { namespace: 'features' };
const { endpoint, table } = JSON.parse(process.argv[2]);

async function main() {
  const leaked = [];
  try {
    for (;;) leaked.push(openSync(devNull, 'r'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
  // Node loads files with one, and the store's thread takes more.
  closeSync(leaked.pop());
  const logger = recordingLogger();
  const value = DynamoDBFeatureStore(table, { clientOptions: { endpoint }, logger });
  const store = promised(value);
  const flag = (/** @type {string} */ key) => ({ key, version: 1 });
  await Promise.all([
    store.init({ features: { a: flag('a'), b: flag('b') }, segments: {} }),
    store.upsert(FEATURES, flag('c')),
    store.delete(FEATURES, 'b', 2),
  ]);
  const errors = logger.lines.filter(({ level }) => level === 'error').length;
  for (const descriptor of leaked) closeSync(descriptor);
  await store.initialized();
  await waitFor(() => value.stats().unsaved === 0, 'everything is in the table');
  value.close();
  print({ errors });
}

main();
