'use strict';

const { flagKey } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { openStore } = require('../helpers/open');
const { nanosecondsPerOperation } = require('../helpers/per-operation');

/** Longer than the measurement. */
const CACHE_TTL = 600;
const KEYS = Array.from({ length: 100 }, (_, index) => flagKey(index));

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 1000,
  figures: [{ id: 'cached-get', label: 'cached `get`', unit: 'ns', isMain: true }],

  async measure(context) {
    const opened = openStore(context, { cacheTTL: CACHE_TTL });
    for (const key of KEYS) await answer((callback) => opened.get(FEATURES, key, callback));
    /** @param {number} count */
    const gets = (count) =>
      new Promise((resolve, reject) => {
        let answered = 0;
        const callback = (/** @type {any} */ flag) => {
          if (flag === null) reject(new Error('there is no such flag'));
          answered += 1;
          if (answered === count) resolve(undefined);
        };
        for (let i = 0; i < count; i += 1) opened.get(FEATURES, KEYS[i % KEYS.length], callback);
      });
    return { 'cached-get': await nanosecondsPerOperation(gets) };
  },
};
