'use strict';

/**
 * The event loop: timers, and long work in short turns.
 *
 * Tests of the application may put fake timers in place of Node's, which stand still or are run in a
 * loop. So the functions are taken when this is loaded. Fakes that are there by then refer to their
 * clock, which keeps what they stand for: those of @sinonjs/fake-timers do, which jest, sinon and vitest
 * use.
 */

const timers = require('timers');

/**
 * @template {Function} F
 * @param {string} name
 * @param {F} given
 * @returns {F} Node's own
 */
function genuine(name, given) {
  const { clock } = /** @type {any} */ (given);
  const kept = clock && clock[`_${name}`];
  return typeof kept === 'function' ? kept : given;
}

const clearInterval = genuine('clearInterval', timers.clearInterval);
const clearTimeout = genuine('clearTimeout', timers.clearTimeout);
const nextTick = genuine('nextTick', process.nextTick);
const setImmediate = genuine('setImmediate', timers.setImmediate);
const setInterval = genuine('setInterval', timers.setInterval);
const setTimeout = genuine('setTimeout', timers.setTimeout);

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

module.exports = { clearInterval, clearTimeout, inAnotherTurn, nextTick, setInterval, setTimeout };
