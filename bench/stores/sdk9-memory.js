'use strict';

const { dataSet } = require('../data');
const { SDK_9 } = require('./sdks');

/** @type {import('./index').Store} */
module.exports = {
  name: 'sdk9-memory',
  label: 'SDK 9 in memory',
  sdk: SDK_9,
  load: () => undefined,
  create: () => undefined,
  open: () => undefined,
  // The SDK does not expose its own store; the test data source fills it.
  async startFilledClient(sdk, flagCount, { logger }) {
    const { TestData } = require('@launchdarkly/node-server-sdk/integrations');
    const source = new TestData();
    const { features, segments } = dataSet(flagCount);
    for (const segment of Object.values(segments)) await source.usePreconfiguredSegment(segment);
    for (const flag of Object.values(features)) await source.usePreconfiguredFlag(flag);
    const config = { useLdd: false, updateProcessor: source.getFactory() };
    return SDK_9.startClient(sdk, config, logger);
  },
};
