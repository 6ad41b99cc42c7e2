'use strict';

/**
 * The measurements, in the order of execution and of reports.
 *
 * @typedef {object} Context
 * @property {import('../stores').Store} store
 * @property {string} endpoint of the stub
 * @property {{error: Function, warn: Function, info: Function, debug: Function}} logger
 *
 * @typedef {object} Figure
 * @property {string} id
 * @property {string} label in Markdown; unique
 * @property {'ns' | 'µs' | 'ms' | '/s' | 'bytes' | ''} unit empty for a count
 * @property {'less' | 'more'} [better] default: less
 * @property {boolean} [isMain] whether README.md and the chart show it
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
  'first-flag-store',
  'first-flag-sdk',
  'uncached-get',
  'all-10000',
  'init-10500',
  'cached-get',
  'cached-all-1000',
  'upsert-burst',
  'variation-warm',
  'variation-own-writes',
  'requests',
  'installed-size',
];

/** @type {Map<string, Measurement>} by name */
const MEASUREMENTS = new Map(NAMES.map((name) => [name, require(`./${name}`)]));

module.exports = { MEASUREMENTS };
