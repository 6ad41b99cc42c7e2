'use strict';

/**
 * Runs the feature store tests of an SDK 6 or 7: cached and uncached, with and without a prefix.
 */

/* global dynamodb */

const { DynamoDBFeatureStore } = require('../../..');
const { connection } = require('../../support/connection');
const { PATIENT } = require('../../support/wait');
const { testThroughDynamoDB } = require('../engine-use');

/** Cached, uncached and with concurrent updates, each with and without a prefix. */
const COUNTS = { runs: 4, uncachedRuns: 2, races: 2 };

/**
 * @param {string} suite the SDK's name and version
 * @param {{runPersistentFeatureStoreTests: Function}} tests
 */
function runPersistentStoreSuite(suite, { runPersistentFeatureStoreTests }) {
  dynamodb.suiteName = suite;
  const open = (prefix, cacheTTL, logger, endpoint) => {
    const options = { ...PATIENT, prefix, cacheTTL, ...connection(endpoint) };
    return DynamoDBFeatureStore(dynamodb.table, options)({ logger });
  };
  const createStore = (prefix, cacheTTL, logger) =>
    open(prefix, cacheTTL, logger, dynamodb.proxy.endpoint);
  const clear = (prefix) => dynamodb.clear(prefix ? `${prefix}:` : '');
  const createStoreWithHook = (prefix, logger, hook) =>
    open(prefix, 0, logger, dynamodb.hookedEndpoint(hook));
  testThroughDynamoDB(suite, COUNTS, () =>
    runPersistentFeatureStoreTests(createStore, clear, createStoreWithHook)
  );
}

module.exports = { runPersistentStoreSuite };
