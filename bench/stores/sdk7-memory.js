'use strict';

const { dataSet } = require('../data');
const { SDK_7 } = require('./sdks');

/** @type {import('./index').Store} */
module.exports = {
  name: 'sdk7-memory',
  label: 'SDK 7 in memory',
  sdk: SDK_7,
  load: () => require('launchdarkly-node-server-sdk/feature_store'),
  create: (loaded) => loaded(),
  open: (created) => created,
  async startFilledClient(sdk, flagCount, { logger }) {
    const store = this.create(this.load(), { endpoint: '', logger });
    await new Promise((resolve) => store.init(dataSet(flagCount), () => resolve(undefined)));
    return SDK_7.startClient(sdk, { featureStore: store }, logger);
  },
};
