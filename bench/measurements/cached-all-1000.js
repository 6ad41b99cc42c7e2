'use strict';

const { FEATURES, answer } = require('../helpers/calls');
const { openStore } = require('../helpers/open');
const { nanosecondsPerOperation } = require('../helpers/per-operation');

/** Longer than the measurement. */
const CACHE_TTL = 600;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 1000,
  figures: [{ id: 'cached-all-1000', label: 'cached `all` of 1,000 flags', unit: 'ns' }],

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
