'use strict';

const { flagKey } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { openStore } = require('../helpers/open');
const { nanosecondsPerOperation } = require('../helpers/per-operation');
const { PERSISTENT_IN_ALL_SDKS } = require('../stores');

/** Longer than the measurement. */
const CACHE_TTL = 600;
const KEYS = Array.from({ length: 100 }, (_, index) => flagKey(index));

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 1000,
  stores: PERSISTENT_IN_ALL_SDKS,
  figures: [
    { id: 'cached-get-one', label: 'cached get, one key', unit: 'ns' },
    { id: 'cached-get', label: 'cached get, 100 keys in turn', unit: 'ns', inChart: true },
  ],

  async measure(context) {
    const opened = openStore(context, { cacheTTL: CACHE_TTL });
    for (const key of KEYS) await answer((callback) => opened.get(FEATURES, key, callback));
    return {
      'cached-get-one': await nanosecondsPerOperation(gets(opened, KEYS.slice(0, 1))),
      'cached-get': await nanosecondsPerOperation(gets(opened, KEYS)),
    };
  },
};

/**
 * @param {any} opened
 * @param {string[]} keys
 * @returns {(count: number) => Promise<void>}
 */
function gets(opened, keys) {
  return (count) =>
    new Promise((resolve, reject) => {
      let answered = 0;
      const callback = (/** @type {any} */ flag) => {
        if (flag === null) reject(new Error('there is no such flag'));
        answered += 1;
        if (answered === count) resolve();
      };
      for (let i = 0; i < count; i += 1) opened.get(FEATURES, keys[i % keys.length], callback);
    });
}
