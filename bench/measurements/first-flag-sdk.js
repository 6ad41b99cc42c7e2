'use strict';

const { flagKey, servedValue } = require('../data');
const { now } = require('../helpers/clock');
const { PERSISTENT_IN_ALL_SDKS } = require('../stores');

const FLAG = 1;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 1000,
  stores: PERSISTENT_IN_ALL_SDKS,
  figures: [
    {
      id: 'first-flag-sdk',
      label: 'first flag through the SDK, from require',
      unit: 'ms',
      inChart: true,
    },
  ],

  async measure({ store, endpoint, logger }) {
    const { load, startClient, subject } = store.sdk;
    const sdk = load();
    const started = now();
    const featureStore = store.create(store.load(), { endpoint, logger });
    const client = await startClient(sdk, { featureStore }, logger);
    const value = await client.variation(flagKey(FLAG), subject, 'no value');
    const took = now() - started;
    if (value !== servedValue(FLAG)) throw new Error(`the flag is ${value}`);
    return { 'first-flag-sdk': took };
  },
};
