'use strict';

const { flagKey, servedValue } = require('../data');
const { nanosecondsPerOperation } = require('../helpers/per-operation');
const { ALL } = require('../stores');

const FLAGS = 1000;
const KEYS = Array.from({ length: 100 }, (_, index) => flagKey(index));
/** Longer than the measurement. */
const CACHE_TTL = 600;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: FLAGS,
  stores: ALL,
  figures: [{ id: 'variation-warm', label: '`variation`, everything cached', unit: 'ns' }],

  async measure({ store, endpoint, logger }) {
    const options = { endpoint, logger, cacheTTL: CACHE_TTL };
    const client = await store.startFilledClient(FLAGS, options);
    const { subject } = store.sdk;
    for (const [index, key] of KEYS.entries()) {
      const value = await client.variation(key, subject, 'no value');
      if (JSON.stringify(value) !== JSON.stringify(servedValue(index))) {
        throw new Error(`the flag ${key} is ${value}`);
      }
    }
    let next = 0;
    const run = async (/** @type {number} */ count) => {
      for (let i = 0; i < count; i += 1) {
        await client.variation(KEYS[next], subject, 'no value');
        next = (next + 1) % KEYS.length;
      }
    };
    return { 'variation-warm': await nanosecondsPerOperation(run) };
  },
};
