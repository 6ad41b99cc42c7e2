/** The tests of each file here: several, so that workers take more than one and are made anew. */

const { isMainThread } = require('node:worker_threads');

const { expect, test } = require('@jest/globals');
const LaunchDarkly9 = require('@launchdarkly/node-server-sdk');
const LaunchDarkly7 = require('launchdarkly-node-server-sdk');

const root = require('../../../../..');
const { evaluate, useStore } = require('../../checks');

function defineTests(prefix) {
  test('the thread is of the kind that is meant', () => {
    expect(isMainThread).toBe(process.env.HOST_IN_WORKER !== 'true');
  });
  test('the store by itself', () => useStore(root, `${prefix}-own`));
  test('SDK 7', () => evaluate(root, LaunchDarkly7, `${prefix}-sdk7`));
  test('SDK 9', () => evaluate(root, LaunchDarkly9, `${prefix}-sdk9`));
}

module.exports = { defineTests };
