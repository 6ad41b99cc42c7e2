'use strict';

/**
 * The store value: what `DynamoDBFeatureStore(…)` returns, and the views that SDK clients get of it.
 *
 * SDK 5 takes an object; SDK 6 and 7 call a function with their configuration. The value is both: a
 * function that carries a store's methods.
 */

const { Core } = require('./core');
const { LogRouter, isLogger } = require('./logger');
const { storeOptions } = require('./options');
const { viewMethods } = require('./view');

/**
 * @param {string} tableName
 * @param {object | null} [options]
 */
function DynamoDBFeatureStore(tableName, options) {
  const { native, callClient, logger, requestLogger, warnings } = storeOptions(tableName, options);
  const logs = new LogRouter(logger, requestLogger);
  for (const warning of warnings) logs.log('warn', `DynamoDBFeatureStore: ${warning}`);

  // It gets ready for the first read while Node goes on loading modules.
  let core = new Core(native, logs, callClient);
  let openViews = 0;

  /** @returns {Core} the open core; after a close a new one */
  function openCore() {
    if (core.closed) core = new Core(native, logs, callClient);
    return core;
  }

  function closeCore() {
    core.close();
    openViews = 0;
  }

  /**
   * The form for SDKs that call a function.
   *
   * @param {any} [config] the SDK client's configuration
   */
  function store(config) {
    if (config && config.basicConfiguration) {
      throw new Error(
        'DynamoDBFeatureStore: @launchdarkly/node-server-sdk is not supported, ' +
          'only launchdarkly-node-server-sdk 5 to 7 and ldclient-node'
      );
    }
    const viewLogger = config && isLogger(config.logger) ? config.logger : undefined;
    if (viewLogger) logs.add(viewLogger);
    else logs.settleForConsole();
    const viewed = openCore();
    let closed = false;
    openViews += 1;
    return viewMethods(logs, {
      core: () => (closed || viewed.closed ? undefined : viewed),
      lastCore: () => viewed,
      close: () => {
        if (closed) return;
        closed = true;
        if (viewLogger) logs.remove(viewLogger);
        if (viewed === core && !viewed.closed) {
          openViews -= 1;
          if (openViews === 0) closeCore();
        }
      },
    });
  }

  // SDK 5 gives the same object to all of its clients, and each closes it. So a close ends this
  // core, and whoever goes on using the object begins a new one.
  const methods = viewMethods(logs, {
    core: () => {
      logs.settleForConsole();
      return openCore();
    },
    lastCore: () => core,
    close: closeCore,
  });
  return Object.assign(store, methods);
}

module.exports = { DynamoDBFeatureStore };
