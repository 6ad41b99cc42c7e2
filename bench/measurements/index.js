'use strict';

/**
 * The measurements, in the order of execution.
 *
 * @typedef {object} Context
 * @property {import('../stores').Store} store
 * @property {string} endpoint of the stub
 * @property {{error: Function, warn: Function, info: Function, debug: Function}} logger
 *
 * @typedef {object} Figure
 * @property {string} id
 * @property {string} label
 * @property {'ns' | 'µs' | 'ms' | '/s' | 'bytes' | ''} unit empty for a count
 * @property {'less' | 'more'} [better] default: less
 * @property {boolean} [inChart] whether it is a main figure, shown in the chart
 *
 * @typedef {object} Measurement
 * @property {Figure[]} figures
 * @property {number} flags the number of flags in the table; 0 for an empty table
 * @property {number} [delayMs] the stub's delay before each answer, in milliseconds
 * @property {import('../stores').Store[]} [stores] the stores to measure; default: all stores on DynamoDB
 * @property {number} [runs] the number of runs, for figures that are always the same
 * @property {string[]} [nodeOptions]
 * @property {(context: Context) => Promise<Record<string, number>>} measure runs in a separate process;
 *   returns the figures by id
 */

const NAMES = [
  'first-flag-sdk',
  'first-flag-store',
  'variation-warm',
  'variation-own-writes',
  'cached-get',
  'cached-all-1000',
  'uncached-get',
  'coalescing',
  'all-10000',
  'init-10000',
  'upsert-burst',
  'memory-10000',
  'installed-size',
];

/** @type {Map<string, Measurement>} by name */
const MEASUREMENTS = new Map(NAMES.map((name) => [name, require(`./${name}`)]));

module.exports = { MEASUREMENTS };
