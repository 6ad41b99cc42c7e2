'use strict';

const { flagKey } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { now } = require('../helpers/clock');

const FLAG = 1;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 1000,
  figures: [
    {
      id: 'first-flag-store',
      label: 'first flag from the store, from require',
      unit: 'ms',
      inChart: true,
    },
  ],

  async measure({ store, endpoint, logger }) {
    store.sdk.load();
    const started = now();
    const opened = store.open(store.create(store.load(), { endpoint, logger }), logger);
    const flag = await answer((callback) => opened.get(FEATURES, flagKey(FLAG), callback));
    const took = now() - started;
    if (flag.key !== flagKey(FLAG)) throw new Error(`the flag is ${flag}`);
    return { 'first-flag-store': took };
  },
};
