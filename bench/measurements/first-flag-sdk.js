'use strict';

const { flagKey, servedValue } = require('../data');
const { now } = require('../helpers/clock');

const FLAG = 1;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 1000,
  figures: [
    {
      id: 'first-flag-sdk',
      label: 'first flag through the SDK in daemon mode, from `require` of the store',
      unit: 'ms',
      isMain: true,
    },
  ],

  async measure({ store, endpoint, logger }) {
    const { sdk } = store;
    sdk.load();
    const started = now();
    const featureStore = store.create(store.load(), { endpoint, logger });
    const client = await sdk.startClient({ featureStore }, logger);
    const value = await client.variation(flagKey(FLAG), sdk.subject, 'no value');
    const took = now() - started;
    if (value !== servedValue(FLAG)) throw new Error(`the flag is ${value}`);
    return { 'first-flag-sdk': took };
  },
};
