'use strict';

/**
 * The value that an application gives to SDK clients: what they share, and the views that they get of it.
 *
 * It is a function, which SDK 6 to 9 call with their configuration or context to get a view, and carries
 * the methods of one, for SDK 5, which takes an object.
 *
 * @typedef {import('./logger').LogRouter} LogRouter
 */

const { isLogger } = require('./logger');

/**
 * @template C what is shared
 * @typedef {object} Access
 * @property {() => C | undefined} core what to use; `undefined` once the view is closed
 * @property {() => C} lastCore what is or was used
 * @property {() => void} close
 */

/**
 * @template {{closed: boolean, close(): void}} C
 * @template {object} V
 * @param {LogRouter} logs
 * @param {() => C} newCore
 * @param {(access: Access<C>, config: any) => V} newView `config` is what an SDK client called with
 */
function storeValue(logs, newCore, newView) {
  // It gets ready for the first read while Node goes on loading modules.
  let core = newCore();
  let openViews = 0;

  /** @returns {C} the open core; after a close a new one */
  function openCore() {
    if (core.closed) core = newCore();
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
  function value(config) {
    const logger = loggerOf(config);
    const viewed = openCore();
    let closed = false;
    const view = newView(
      {
        core: () => (closed || viewed.closed ? undefined : viewed),
        lastCore: () => viewed,
        close: () => {
          if (closed) return;
          closed = true;
          if (logger) logs.remove(logger);
          if (viewed === core && !viewed.closed) {
            openViews -= 1;
            if (openViews === 0) closeCore();
          }
        },
      },
      config
    );
    if (logger) logs.add(logger);
    else logs.settleForConsole();
    openViews += 1;
    return view;
  }

  // SDK 5 gives the same object to all of its clients, and each closes it. So a close ends this
  // core, and whoever goes on using the object begins a new one.
  const methods = newView(
    {
      core: () => {
        logs.settleForConsole();
        return openCore();
      },
      lastCore: () => core,
      close: closeCore,
    },
    undefined
  );
  return Object.assign(value, methods);
}

/**
 * @param {any} config
 */
function loggerOf(config) {
  const { logger } = (config && config.basicConfiguration) || config || {};
  return isLogger(logger) ? logger : undefined;
}

module.exports = { storeValue };
