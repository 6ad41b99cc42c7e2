'use strict';

/**
 * Node's own timers and clock, even if the application's tests have replaced them by fakes.
 *
 * The functions are captured when this module is loaded. Fakes installed before are undone if possible: those
 * of @sinonjs/fake-timers (jest, sinon, vitest) refer to their clock, which keeps the originals. jest's legacy
 * fakes and those of `node:test` hide the originals.
 */

const timers = require('timers');

/**
 * @template {Function} F
 * @param {string} name
 * @param {F} present the current function
 * @param {() => F} [otherwise] returns what is used instead of a fake that hides the original
 * @returns {F} the original
 */
function original(name, present, otherwise = () => present) {
  const { clock } = /** @type {any} */ (present);
  const replaced = clock && clock[`_${name}`];
  if (typeof replaced === 'function') return replaced;
  return present.name === name ? present : otherwise();
}

const clearInterval = original('clearInterval', timers.clearInterval);
const clearTimeout = original('clearTimeout', timers.clearTimeout);
const setImmediate = original('setImmediate', timers.setImmediate, yielding);
const nextTick = original('nextTick', process.nextTick, () => /** @type {any} */ (setImmediate));
const setInterval = original('setInterval', timers.setInterval);
const setTimeout = original('setTimeout', timers.setTimeout);

/** Returns wall-clock time in milliseconds, from the same clock as the native store's. */
const { now } = original('Date', Date);

/** @returns {any} `setImmediate` built on `scheduler.yield`, which `node:test` doesn't fake */
function yielding() {
  const { scheduler } = /** @type {any} */ (timers).promises || {};
  if (!scheduler || typeof scheduler.yield !== 'function') return timers.setImmediate;
  return (/** @type {Function} */ callback, /** @type {any[]} */ ...args) => {
    scheduler.yield().then(() => callback(...args));
  };
}

/**
 * Continues long work in a later turn of the event loop.
 *
 * V8 runs postponed garbage collection at the start of the next turn, before its immediates. One more turn
 * keeps the work and the collection from adding up to one long pause.
 *
 * @param {() => void} rest never throws
 */
function inAnotherTurn(rest) {
  setImmediate(setImmediate, rest);
}

module.exports = {
  clearInterval,
  clearTimeout,
  inAnotherTurn,
  nextTick,
  now,
  setInterval,
  setTimeout,
};
