'use strict';

/**
 * Runs the feature store tests of an SDK 5: cached and uncached, with and without a prefix.
 */

/* global dynamodb */

const { DynamoDBFeatureStore } = require('../../..');
const { connection } = require('../../support/connection');
const { PATIENT } = require('../../support/wait');
const { testThroughDynamoDB } = require('../engine-use');

const PREFIX = 'testprefix';

/**
 * @param {string} suite the SDK's name and version
 * @param {{baseFeatureStoreTests: Function, concurrentModificationTests: Function}} tests
 */
function runBaseSuite(suite, { baseFeatureStoreTests, concurrentModificationTests }) {
  dynamodb.suiteName = suite;
  const open = (options, endpoint = dynamodb.proxy.endpoint) =>
    DynamoDBFeatureStore(dynamodb.table, { ...PATIENT, ...options, ...connection(endpoint) });
  const clear = (done) => {
    dynamodb.clear().then(() => done(), done);
  };
  for (const prefix of [undefined, PREFIX]) {
    for (const isCached of [false, true]) {
      const name = `${suite}, ${isCached ? 'cached' : 'uncached'}, ${prefix ? 'a' : 'no'} prefix`;
      testThroughDynamoDB(name, { runs: 1, uncachedRuns: isCached ? 0 : 1 }, () => {
        baseFeatureStoreTests(
          () => open({ prefix, cacheTTL: isCached ? 30 : 0 }),
          clear,
          isCached,
          (otherPrefix) => open({ prefix: otherPrefix, cacheTTL: 0 })
        );
      });
    }
  }
  describe(`${suite}, concurrent updates`, () => {
    concurrentModificationTests(
      () => open({ cacheTTL: 0 }),
      (hook) => open({ cacheTTL: 0 }, dynamodb.hookedEndpoint(hook))
    );
  });
}

module.exports = { runBaseSuite };
