'use strict';

/**
 * The measurements, in the order in which they are taken.
 *
 * @typedef {object} Context
 * @property {import('../stores').Store} store
 * @property {string} endpoint of the stub
 * @property {{error: Function, warn: Function, info: Function, debug: Function}} logger
 *
 * @typedef {object} Figure
 * @property {string} id
 * @property {string} label
 * @property {'ns' | 'µs' | 'ms' | '/s' | 'bytes' | ''} unit none for a count
 * @property {'less' | 'more'} [better] less, where not given
 * @property {boolean} [inChart] whether it is one of the main figures
 *
 * @typedef {object} Measurement
 * @property {Figure[]} figures
 * @property {number} flags how many there are in the table; 0 for an empty one
 * @property {number} [delayMs] how long the stub waits before each answer
 * @property {import('../stores').Store[]} [stores] what is measured; all on DynamoDB, where not given
 * @property {number} [runs] for what comes out the same every time
 * @property {string[]} [nodeOptions]
 * @property {(context: Context) => Promise<Record<string, number>>} measure in a process of its own;
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
