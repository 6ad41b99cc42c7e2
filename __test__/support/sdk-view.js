'use strict';

const { recordingLogger } = require('./logger');
const { promised } = require('./wait');

/**
 * @param {import('node:test').TestContext} t
 * @param {any} sdk the module of SDK 8 or 9
 * @param {any} value
 * @returns what a client of this SDK gets of a store value, and what it calls that with
 */
function viewOf(t, sdk, value) {
  /** @type {any} */
  let view;
  /** @type {any} */
  let context;
  const featureStore = (given) => {
    context = given;
    view = value(given);
    return view;
  };
  const logger = recordingLogger();
  const client = sdk.init('an SDK key', { featureStore, offline: true, logger });
  t.after(() => client.close());
  return { view, context, store: promised(view) };
}

module.exports = { viewOf };
