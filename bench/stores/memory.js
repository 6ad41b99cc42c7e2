'use strict';

/**
 * The configuration of SDK clients that hold their flags in memory.
 */

const { dataSet } = require('../data');

/**
 * Fills the SDK 7's own store.
 *
 * @param {number} flagCount
 */
async function fillStore(flagCount) {
  const featureStore = require('launchdarkly-node-server-sdk/feature_store')();
  await new Promise((resolve) => featureStore.init(dataSet(flagCount), resolve));
  return { featureStore };
}

/**
 * SDK 8 and 9 do not expose their own store; the test data source fills it.
 *
 * @param {import('./sdks').Sdk} sdk
 * @returns {(flagCount: number) => Promise<object>}
 */
function fillTestData(sdk) {
  return async (flagCount) => {
    const { TestData } = require(`${sdk.package}/integrations`);
    const source = new TestData();
    const { features, segments } = dataSet(flagCount);
    for (const segment of Object.values(segments)) await source.usePreconfiguredSegment(segment);
    for (const flag of Object.values(features)) await source.usePreconfiguredFlag(flag);
    return { useLdd: false, updateProcessor: source.getFactory() };
  };
}

module.exports = { fillStore, fillTestData };
