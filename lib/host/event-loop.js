'use strict';

/**
 * The event loop and the clock: timers, and long work in short turns.
 *
 * Tests of the application may put fakes in the place of Node's, which stand still or are run in a loop. So
 * the functions are taken when this is loaded. Fakes may be there by then. Those of @sinonjs/fake-timers,
 * which jest, sinon and vitest use, refer to their clock, which keeps what they stand for. Others keep it to
 * themselves: jest's older ones, which do nothing once they are reset, and those of `node:test`.
 */

const timers = require('timers');

/**
 * @template {Function} F
 * @param {string} name
 * @param {F} given
 * @param {F} [otherwise] taken instead of a fake that keeps Node's own to itself
 * @returns {F} Node's own
 */
function genuine(name, given, otherwise = given) {
  const { clock } = /** @type {any} */ (given);
  const kept = clock && clock[`_${name}`];
  if (typeof kept === 'function') return kept;
  return given.name === name ? given : otherwise;
}

const clearInterval = genuine('clearInterval', timers.clearInterval);
const clearTimeout = genuine('clearTimeout', timers.clearTimeout);
const setImmediate = genuine('setImmediate', timers.setImmediate, yielding());
const nextTick = genuine('nextTick', process.nextTick, /** @type {any} */ (setImmediate));
const setInterval = genuine('setInterval', timers.setInterval);
const setTimeout = genuine('setTimeout', timers.setTimeout);

/** The time by the wall clock, in milliseconds. It is compared with what the native store says. */
const { now } = genuine('Date', Date);

/** @returns {any} what does as `setImmediate` does, by the one way that `node:test` leaves alone */
function yielding() {
  const { scheduler } = /** @type {any} */ (timers).promises || {};
  if (!scheduler || typeof scheduler.yield !== 'function') return timers.setImmediate;
  return (/** @type {Function} */ callback, /** @type {any[]} */ ...args) => {
    scheduler.yield().then(() => callback(...args));
  };
}

/**
 * Has the rest of long work done in a turn of its own.
 *
 * V8 puts off part of its garbage collection: it asks for a task, which runs in the next turn, before
 * that turn's immediates. After one more turn the two don't add up to one long pause.
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
