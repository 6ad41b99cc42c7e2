'use strict';

/**
 * Node's timers and clock, even where tests of the application have replaced them by fakes.
 *
 * The functions are captured when this is loaded. Fakes that are installed by then are undone where possible:
 * those of @sinonjs/fake-timers, which jest, sinon and vitest use, refer to their clock, which keeps the
 * originals. jest's legacy fakes and those of `node:test` hide the originals.
 */

const timers = require('timers');

/**
 * @template {Function} F
 * @param {string} name
 * @param {F} present the function as it is now
 * @param {F} [otherwise] used instead of a fake that hides the original
 * @returns {F} the original
 */
function original(name, present, otherwise = present) {
  const { clock } = /** @type {any} */ (present);
  const replaced = clock && clock[`_${name}`];
  if (typeof replaced === 'function') return replaced;
  return present.name === name ? present : otherwise;
}

const clearInterval = original('clearInterval', timers.clearInterval);
const clearTimeout = original('clearTimeout', timers.clearTimeout);
const setImmediate = original('setImmediate', timers.setImmediate, yielding());
const nextTick = original('nextTick', process.nextTick, /** @type {any} */ (setImmediate));
const setInterval = original('setInterval', timers.setInterval);
const setTimeout = original('setTimeout', timers.setTimeout);

/** Wall-clock time in milliseconds, as the native store uses it. */
const { now } = original('Date', Date);

/** @returns {any} `setImmediate` by way of `scheduler.yield`, which `node:test` doesn't fake */
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
 * V8 runs postponed garbage collection as a task of the next turn, before that turn's immediates. Waiting one more
 * turn keeps the two from adding up to one long pause.
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
