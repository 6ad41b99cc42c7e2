'use strict';

const { FEATURES, answer } = require('../helpers/calls');
const { openStore } = require('../helpers/open');
const { nanosecondsPerOperation } = require('../helpers/per-operation');
const { PERSISTENT_IN_ALL_SDKS } = require('../stores');

/** Longer than the measurement. */
const CACHE_TTL = 600;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 1000,
  stores: PERSISTENT_IN_ALL_SDKS,
  figures: [{ id: 'cached-all-1000', label: 'cached all, 1,000 flags', unit: 'ns', inChart: true }],

  async measure(context) {
    const opened = openStore(context, { cacheTTL: CACHE_TTL });
    const all = () => answer((callback) => opened.all(FEATURES, callback));
    await all();
    return {
      'cached-all-1000': await nanosecondsPerOperation(async (count) => {
        for (let i = 0; i < count; i += 1) await all();
      }),
    };
  },
};
