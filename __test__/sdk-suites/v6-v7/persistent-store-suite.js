'use strict';

/**
 * Runs the feature store tests of an SDK 6 or 7: cached and uncached, with and without a prefix.
 */

/* global dynamodb */

const { DynamoDBFeatureStore } = require('../../..');
const { PATIENT } = require('../../helpers/wait');
const { testThroughDynamoDB } = require('../engine-use');

/** Cached and uncached, each with and without a prefix. */
const COUNTS = { runs: 4, uncachedRuns: 2 };

/**
 * @param {string} suite the SDK's name and version
 * @param {{runPersistentFeatureStoreTests: Function}} tests
 */
function runPersistentStoreSuite(suite, { runPersistentFeatureStoreTests }) {
  dynamodb.suiteName = suite;
  const createStore = (prefix, cacheTTL, logger) =>
    DynamoDBFeatureStore(dynamodb.table, {
      ...PATIENT,
      prefix,
      cacheTTL,
      clientOptions: { endpoint: dynamodb.proxy.endpoint },
    })({ logger });
  const clear = (prefix) => dynamodb.clear(prefix ? `${prefix}:` : '');
  testThroughDynamoDB(suite, COUNTS, () => runPersistentFeatureStoreTests(createStore, clear));
}

module.exports = { runPersistentStoreSuite };
