'use strict';

/**
 * An SDK client that has no source but the table, and whose store reads everything beforehand.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { CASES, FLAGS, SEGMENTS } = require('../support/flags');
const { sdkNamed } = require('../support/sdks');
const { stages } = require('../support/stage');

const newStage = stages();
const sdk = sdkNamed('launchdarkly-node-server-sdk-7');

test(`${sdk.title}: with preload no flag or segment is read by itself`, async (t) => {
  const stage = await newStage(t, sdk);
  await stage.write();
  const { proxy } = stage.scene;
  proxy.reset();
  const client = await stage.daemonClient(stage.scene.value({ preload: true }));
  const values = await Promise.all(CASES.map(([key, person]) => stage.value(client, key, person)));
  const expected = CASES.map(([, , value]) => value);
  assert.deepStrictEqual(values, expected);
  const state = await client.allFlagsState(stage.subject('joe'));
  assert.deepStrictEqual(Object.keys(state.allValues()).sort(), Object.keys(FLAGS).sort());
  assert.strictEqual(proxy.count('Query'), 2);
  const requested = proxy.history.filter(({ operation }) => operation === 'GetItem');
  const keys = requested.map(({ body }) => body.Key.key.S);
  // Some refer to what does not exist.
  const existing = keys.filter((key) => Object.hasOwn({ ...FLAGS, ...SEGMENTS }, key));
  assert.deepStrictEqual(existing, []);
});
