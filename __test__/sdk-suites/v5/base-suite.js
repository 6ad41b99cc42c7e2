'use strict';

/**
 * Runs the feature store tests of an SDK 5: cached and uncached, with and without a prefix.
 */

/* global dynamodb */

const { DynamoDBFeatureStore } = require('../../..');
const { PATIENT } = require('../../helpers/wait');
const { testThroughDynamoDB } = require('../engine-use');

const PREFIX = 'testprefix';

/**
 * @param {string} suite the SDK's name and version
 * @param {{baseFeatureStoreTests: Function}} tests
 */
function runBaseSuite(suite, { baseFeatureStoreTests }) {
  dynamodb.suiteName = suite;
  const open = (options) =>
    DynamoDBFeatureStore(dynamodb.table, {
      ...PATIENT,
      ...options,
      clientOptions: { endpoint: dynamodb.proxy.endpoint },
    });
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
}

module.exports = { runBaseSuite };
