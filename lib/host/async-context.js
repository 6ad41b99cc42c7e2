'use strict';

/**
 * The asynchronous context of background work, which belongs to no call. It decides what `AsyncLocalStorage`
 * returns and which span tracing tools use.
 */

const { AsyncResource } = require('async_hooks');

/**
 * The context in which this module was loaded. Node can't create an empty one.
 */
const background = new AsyncResource('DynamoDBFeatureStore', { requireManualDestroy: true });
// Leak detectors no longer report the resource, and it stays usable.
background.emitDestroy();

/**
 * Runs background work outside of the current context, for example that in which a store was made.
 *
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
function inBackground(work) {
  return background.runInAsyncScope(work);
}

module.exports = { inBackground };
