'use strict';

/** What a thread or a sandbox does on a machine as in `machine.js`. */

const assert = require('node:assert');

const FEATURES = { namespace: 'features' };
const logger = { error() {}, warn() {}, info() {}, debug() {} };

/** Variables that are to be set, and what is found in the table with them. */
const scenarios = () => JSON.parse(process.env.HOST_SCENARIOS);

/** Sets or deletes a variable. */
function setIn(env, name, value) {
  if (value === null) delete env[name];
  else env[name] = value;
}

function openStore(root) {
  const options = { cacheTTL: 0, logger, readTimeout: 30 };
  const store = root.DynamoDBFeatureStore('my-table', options);
  return () => new Promise((resolve) => store.get(FEATURES, 'a', resolve));
}

/**
 * Makes a store in each environment. What is set later doesn't change what a store goes by.
 *
 * @param {any} root the package
 * @param {(name: string, value: string | null) => void} [set] by default in this thread's environment
 */
async function readInEach(root, set = (name, value) => setIn(process.env, name, value)) {
  const reads = [];
  for (const { settings, item } of scenarios()) {
    for (const [name, value] of settings) set(name, value);
    const read = openStore(root);
    assert.deepStrictEqual(await read(), item);
    reads.push({ read, item });
  }
  for (const { read, item } of reads) assert.deepStrictEqual(await read(), item);
}

module.exports = { openStore, readInEach, scenarios, setIn };
