'use strict';

/**
 * Two requests of an application at the same time, each within a span of its own.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, itemRow } = require('../../../support/data');
const { holdBack } = require('../../../support/faults');
const { scenes } = require('../../../support/scene');
const { gate, promised, waitFor } = require('../../../support/wait');

const newScene = scenes();
const flag = (key, version = 1) => ({ key, version });

/**
 * @typedef {{operation: string, parent: string | undefined}} Traced a request to DynamoDB, and the name of
 *   the span that it is under
 */

/**
 * @param {string} title
 * @param {(endpoint: string) => any} createClient makes a client whose requests are traced
 * @param {(name: string, work: () => Promise<void>) => Promise<void>} within does work in a span
 * @param {() => Traced[] | Promise<Traced[]>} takeTraced what was traced since the last call
 */
function testConcurrentRequests(title, createClient, within, takeTraced) {
  test(`${title}: each request to DynamoDB is under the span that it is made for`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', flag('a')), itemRow('features', flag('b')));
    const client = createClient(scene.proxy.endpoint);
    t.after(() => client.destroy?.());
    const store = promised(scene.value({ dynamoDBClient: client }));
    // Both are under way before one is answered.
    const held = gate();
    scene.proxy.intercept(holdBack(held, 'GetItem'));
    const handle = (key) =>
      within(`request for ${key}`, async () => {
        assert.deepStrictEqual(await store.get(FEATURES, key), flag(key));
        await store.upsert(FEATURES, flag(key, 2));
      });
    const handled = Promise.all(['a', 'b'].map(handle));
    await waitFor(() => scene.proxy.count('GetItem') === 2, 'both requests');
    held.open();
    await handled;
    const traced = await takeTraced();
    const inOrder = traced.map(({ operation, parent }) => `${operation} under ${parent}`).sort();
    assert.deepStrictEqual(inOrder, [
      'GetItem under request for a',
      'GetItem under request for b',
      'PutItem under request for a',
      'PutItem under request for b',
    ]);
    assert.deepStrictEqual(scene.logger.lines, []);
  });
}

module.exports = { testConcurrentRequests };
