'use strict';

const { FEATURES, answer } = require('../helpers/calls');
const { observe, total } = require('../helpers/observe');
const { openStore } = require('../helpers/open');
const { nanosecondsPerOperation } = require('../helpers/per-operation');
const { PERSISTENT_IN_ALL_SDKS } = require('../stores');

const FLAGS = 10_000;
/** Longer than the measurement. */
const CACHE_TTL = 600;
/** If the first read takes longer than this, the second one needs no warm-up. */
const SLOW_MS = 2000;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: FLAGS,
  stores: PERSISTENT_IN_ALL_SDKS,
  figures: [
    { id: 'all-wall', label: 'first all, 10,000 flags', unit: 'ms', inChart: true },
    { id: 'all-main', label: 'first all, time of the main thread', unit: 'ms' },
    { id: 'all-stall', label: 'first all, longest stall', unit: 'ms', inChart: true },
    { id: 'all-requests', label: 'first all, requests', unit: '' },
    { id: 'cached-all-10000', label: 'cached all, 10,000 flags', unit: 'ns', inChart: true },
  ],

  async measure(context) {
    const opened = openStore(context, { cacheTTL: CACHE_TTL });
    const cost = await observe(context.endpoint, (callback) => opened.all(FEATURES, callback));
    const cached = await nanosecondsPerOperation(
      async (count) => {
        for (let i = 0; i < count; i += 1) {
          const items = await answer((callback) => opened.all(FEATURES, callback));
          if (!items) throw new Error('there are no flags');
        }
      },
      { isWarm: cost.wall > SLOW_MS }
    );
    return {
      'all-wall': cost.wall,
      'all-main': cost.main,
      'all-stall': cost.stall,
      'all-requests': total(cost.requests),
      'cached-all-10000': cached,
    };
  },
};
