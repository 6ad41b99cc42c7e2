'use strict';

/**
 * The asynchronous context of work that belongs to no call: what `AsyncLocalStorage` returns there, and which
 * span tracing tools put it under.
 */

const { AsyncResource } = require('async_hooks');

/**
 * The context that this module was loaded in. Node has no way to make an empty one.
 */
const background = new AsyncResource('DynamoDBFeatureStore', { requireManualDestroy: true });
// It can still be used, but tools that look for leaked handles no longer report it.
background.emitDestroy();

/**
 * Runs work that belongs to no call outside of the present context, such as that in which a store was made.
 *
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
function inBackground(work) {
  return background.runInAsyncScope(work);
}

module.exports = { inBackground };
