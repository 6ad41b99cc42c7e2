'use strict';

/**
 * The store value: what `DynamoDBFeatureStore(…)` returns, and the views that SDK clients get of it.
 *
 * SDK 5 takes an object; SDK 6 and 7 call a function with their configuration, and 8 and 9 with the
 * client's context. The value is both: a function that carries a store's methods.
 */

const { JSON_CONTRACT } = require('./contract');

const { Core } = require('./core');
const { LogRouter, isLogger } = require('./logger');
const { storeOptions } = require('./options');
const { viewMethods } = require('./view');

/**
 * @param {string} tableName
 * @param {object | null} [options]
 */
function DynamoDBFeatureStore(tableName, options) {
  const { native, callClient, logger, requestLogger, sdk, warnings } = storeOptions(
    tableName,
    options
  );
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
   * @param {any} [config] the SDK client's configuration, or its context in SDK 8 and 9
   */
  function store(config) {
    const context = config && config.basicConfiguration ? config : undefined;
    // Only SDK 8 and 9 need what is loaded here.
    const contract = context ? require('./sdk').contractOf(context, sdk) : JSON_CONTRACT;
    const { logger: given } = context ? context.basicConfiguration : config || {};
    const viewLogger = isLogger(given) ? given : undefined;
    if (viewLogger) logs.add(viewLogger);
    else logs.settleForConsole();
    const viewed = openCore();
    const reads = viewed.readsIn(contract.model);
    let closed = false;
    openViews += 1;
    const access = {
      reads: () => (closed || viewed.closed ? undefined : reads),
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
    };
    return viewMethods(logs, access, contract);
  }

  // SDK 5 gives the same object to all of its clients, and each closes it. So a close ends this
  // core, and whoever goes on using the object begins a new one.
  let reads = core.readsIn(JSON_CONTRACT.model);
  const access = {
    reads: () => {
      logs.settleForConsole();
      if (reads.core.closed) reads = openCore().readsIn(JSON_CONTRACT.model);
      return reads;
    },
    lastCore: () => core,
    close: closeCore,
  };
  return Object.assign(store, viewMethods(logs, access, JSON_CONTRACT));
}

module.exports = { DynamoDBFeatureStore };
