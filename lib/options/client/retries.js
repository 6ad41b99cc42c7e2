'use strict';

/**
 * Retries and clock skew.
 *
 * @typedef {import('../../native/options').NativeClientOptions} NativeClientOptions
 */

const { own } = require('../../host/own');
const {
  fail,
  optional,
  requireFlag,
  requireMilliseconds,
  requireObject,
  requireOneOf,
  unlessEmpty,
} = require('../checks');
const { WAY_OUT } = require('./names');

/** Caps absurd values. */
const MOST_ATTEMPTS = 1000;

const retryMode = requireOneOf(['legacy', 'standard', 'adaptive']);

/**
 * @param {Record<string, any>} options
 * @param {string[]} warnings
 * @returns {NativeClientOptions}
 */
function retryOptions(options, warnings) {
  /** @type {<T>(name: string, check: (name: string, value: unknown) => T) => T | undefined} */
  const read = (name, check) => optional(`clientOptions.${name}`, options[name], check);
  const maxRetries = read('maxRetries', count);
  const maxAttempts = read('maxAttempts', count);
  const strategy = read('retryStrategy', requireObject);
  const mode = read('retryMode', unlessEmpty(retryMode));
  const correct = read('correctClockSkew', requireFlag);
  const dontCorrect = read('disableClockSkewCorrection', requireFlag);
  const most = own(strategy, 'maxAttempts');
  /** @type {number | undefined} */
  let attempts;
  if (maxAttempts !== undefined) attempts = maxAttempts;
  else if (maxRetries !== undefined) attempts = maxRetries + 1;
  else if (typeof most === 'number' && !Number.isNaN(most)) attempts = Math.floor(most);
  if (strategy) {
    warnings.push(`clientOptions.retryStrategy: only its maxAttempts is used; ${WAY_OUT}`);
  }
  return {
    maxAttempts:
      attempts === undefined ? undefined : Math.min(Math.max(attempts, 1), MOST_ATTEMPTS),
    adaptiveRetries: mode === 'adaptive' || own(strategy, 'mode') === 'adaptive',
    retryBaseMs: retryBase(read('retryDelayOptions', requireObject), warnings),
    clockSkewCorrection: dontCorrect === undefined ? correct : !dontCorrect,
    clockOffsetMs: read('systemClockOffset', offset),
  };
}

/**
 * @param {Record<string, unknown> | undefined} delays
 * @param {string[]} warnings
 * @returns {number | undefined}
 */
function retryBase(delays, warnings) {
  if (!delays) return undefined;
  const name = 'clientOptions.retryDelayOptions';
  if (own(delays, 'customBackoff')) {
    warnings.push(`${name}.customBackoff is not supported and is ignored; ${WAY_OUT}`);
  }
  return optional(`${name}.base`, own(delays, 'base'), requireMilliseconds);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {number}
 */
function count(name, value) {
  if (typeof value !== 'number' || !(value >= 0)) fail(name, 'a number, 0 or more', value);
  return Math.floor(value);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {number}
 */
function offset(name, value) {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    fail(name, 'a number of milliseconds', value);
  }
  return value;
}

module.exports = { retryOptions };
