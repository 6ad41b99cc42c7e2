'use strict';

/**
 * Runs the big segment tests of an SDK 6 or 7, with and without a prefix.
 */

/* global dynamodb */

const { DynamoDBBigSegmentStore } = require('../../..');
const { membershipRow, metadataRow } = require('../../support/big-segments');
const { connection } = require('../../support/connection');
const { PATIENT } = require('../../support/wait');

/** One read by each test. */
const TESTS = 12;

/**
 * @param {string} suite the SDK's name and version
 * @param {{runBigSegmentStoreTests: Function}} tests
 */
function runBigSegmentSuite(suite, { runBigSegmentStoreTests }) {
  const createStore = (prefix, logger) => {
    const { readTimeout } = PATIENT;
    const options = { readTimeout, prefix, ...connection(dynamodb.proxy.endpoint) };
    return DynamoDBBigSegmentStore(dynamodb.table, options)({ logger });
  };
  const clear = (prefix) => dynamodb.clear(prefix ? `${prefix}:` : '');
  const setMetadata = (prefix, { lastUpToDate }) => dynamodb.put(metadataRow(lastUpToDate, prefix));
  const setSegments = (prefix, hash, included, excluded) =>
    dynamodb.put(membershipRow(hash, { included, excluded }, prefix));

  describe(`${suite}: big segments`, () => {
    const requested = () => dynamodb.proxy.requests.GetItem || 0;
    let before;
    beforeAll(() => {
      before = requested();
    });
    runBigSegmentStoreTests(createStore, clear, setMetadata, setSegments);
    it('DynamoDB got a request for each', () => {
      expect(requested() - before).toBe(TESTS);
    });
  });
}

module.exports = { runBigSegmentSuite };
