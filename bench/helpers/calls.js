'use strict';

/**
 * Calls of a store's methods, which take callbacks.
 */

const { flagKey } = require('../data');

const FEATURES = { namespace: 'features' };

/**
 * @param {(callback: (value: any) => void) => void} call
 * @returns {Promise<any>} the callback's argument
 */
function answer(call) {
  return new Promise((resolve) => call(resolve));
}

/**
 * Gets flags, several at a time.
 *
 * @param {any} store
 * @param {object} options
 * @param {number} options.count the number of reads
 * @param {number} options.flags the number of flags to read in turn
 * @param {number} options.concurrency
 * @param {() => boolean} [options.enough] ends the reads early
 * @returns {Promise<number>} the number of reads made
 */
function getMany(store, { count, flags, concurrency, enough = () => false }) {
  const keys = Array.from({ length: flags }, (_, index) => flagKey(index));
  return new Promise((resolve, reject) => {
    let begun = 0;
    let ended = 0;
    let last = count;
    const next = () => {
      if (begun === last) return;
      const key = keys[begun % flags];
      begun += 1;
      store.get(FEATURES, key, (/** @type {any} */ flag) => {
        if (flag?.key !== key) reject(new Error(`the answer for ${key} is ${flag?.key}`));
        if (enough()) last = begun;
        ended += 1;
        if (ended === last) resolve(ended);
        else next();
      });
    };
    for (let i = 0; i < concurrency; i += 1) next();
  });
}

module.exports = { FEATURES, answer, getMany };
