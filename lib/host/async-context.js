'use strict';

/**
 * In which asynchronous context functions of the application are called: what they find in an
 * `AsyncLocalStorage`, and which span a trace puts their work under.
 */

const { AsyncResource } = require('async_hooks');

/**
 * The context that this module was loaded in, which is nobody's: there is no way to make one that is
 * empty.
 */
const background = new AsyncResource('DynamoDBFeatureStore', { requireManualDestroy: true });
// It goes on to be used, but tools that look for what was left open don't take it for that.
background.emitDestroy();

/**
 * Does what belongs to no request. Whatever calls may have another context, such as that in which a
 * store was made.
 *
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
function inBackground(work) {
  return background.runInAsyncScope(work);
}

module.exports = { inBackground };
