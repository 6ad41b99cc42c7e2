'use strict';

/**
 * Long work in short turns of the event loop.
 */

// Taken now, since a test of the application may replace the global one later.
const { setImmediate } = require('timers');

/**
 * Has the rest of long work done in a turn of its own.
 *
 * V8 puts off part of its garbage collection: it asks for a task, which runs in the next turn, before
 * that turn's immediates. After one more turn the two don't add up to one long pause.
 *
 * @param {() => void} rest
 */
function inAnotherTurn(rest) {
  setImmediate(setImmediate, rest);
}

module.exports = { inAnotherTurn };
