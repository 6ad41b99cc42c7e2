'use strict';

/**
 * What the tests of every framework do with the package, which they load themselves. The runner gives the
 * table's name and the engine's endpoint in the environment.
 */

const assert = require('node:assert');

const { flag } = require('../../../demo/flag');

const FEATURES = { namespace: 'features' };
const DATA = {
  features: { plain: flag('plain', { variations: ['right', 'wrong'] }) },
  segments: {},
};

/**
 * @param {any} root the package
 * @param {string} prefix that nobody else uses
 */
function openStore(root, prefix) {
  const { HOST_TABLE: table, HOST_ENDPOINT: endpoint } = process.env;
  const options = { prefix, clientOptions: { endpoint }, readTimeout: 60, writeTimeout: 60 };
  return root.DynamoDBFeatureStore(table, options);
}

/** Calls a method of a store. */
function ask(store, method, ...args) {
  return new Promise((resolve) => store[method](...args, resolve));
}

/** Calls every method of a store. */
async function useStore(root, prefix) {
  const store = openStore(root, prefix);
  assert.strictEqual(await ask(store, 'initialized'), false);
  await ask(store, 'init', DATA);
  assert.strictEqual(await ask(store, 'initialized'), true);
  assert.deepStrictEqual(await ask(store, 'get', FEATURES, 'plain'), DATA.features.plain);
  const changed = flag('plain', { version: 2, on: false });
  await ask(store, 'upsert', FEATURES, changed);
  assert.deepStrictEqual(await ask(store, 'all', FEATURES), { plain: changed });
  await ask(store, 'delete', FEATURES, 'plain', 3);
  assert.strictEqual(await ask(store, 'get', FEATURES, 'plain'), null);
  await store.close();
}

/** Evaluates a flag through an SDK of LaunchDarkly's. */
async function evaluate(root, LaunchDarkly, prefix) {
  const writer = openStore(root, prefix);
  await ask(writer, 'init', DATA);
  writer.close();
  const client = LaunchDarkly.init('an SDK key', {
    featureStore: openStore(root, prefix),
    useLdd: true,
    sendEvents: false,
    logger: { error: console.error, warn: console.error, info() {}, debug() {} },
  });
  await client.waitForInitialization({ timeout: 60 });
  const context = { kind: 'user', key: 'joe' };
  assert.strictEqual(await client.variation('plain', context, 'the default'), 'right');
  client.close();
}

/** Does all of it. */
async function useEverything(root, { sdk7, sdk9 }, prefix) {
  await useStore(root, `${prefix}-own`);
  await evaluate(root, sdk7, `${prefix}-sdk7`);
  await evaluate(root, sdk9, `${prefix}-sdk9`);
}

module.exports = { evaluate, useEverything, useStore };
