'use strict';

/**
 * Finds the copy of SDK 8 or 9 that an SDK client comes from. A process may have several copies, including
 * linked ones, and their items are not interchangeable.
 *
 * @typedef {import('./sdk-codec').Wrapper} Wrapper
 */

const { loadedModules, mainFile, requireFrom } = require('../host/loaded-modules');

const SDK = '@launchdarkly/node-server-sdk';
const COMMON = '@launchdarkly/js-server-sdk-common';
/** How many stack frames are searched. */
const MAX_FRAMES = 50;

/**
 * @param {any} context the context that the SDK client passes to the store
 * @param {Function} called the function of this package that the client calls
 * @returns {Wrapper | undefined}
 */
function findWrapper(context, called) {
  const Platform = context.platform && context.platform.constructor;
  const file = typeof Platform === 'function' ? fileThatExports(Platform) : undefined;
  const exact = file && wrapperSeenFrom(file);
  if (exact) return exact;
  for (const from of [...filesThatCall(called), mainFile()]) {
    const wrapper = from && wrapperSeenFrom(from);
    if (wrapper) return wrapper;
  }
  return undefined;
}

/**
 * @param {Function} value
 * @returns {string | undefined} the loaded file that exports it
 */
function fileThatExports(value) {
  const found = loadedModules().find(([, exported]) => {
    if (exported === value) return true;
    if (typeof exported !== 'object' || exported === null) return false;
    return Object.keys(exported).some((name) => {
      // Getters are not called, because they may load other modules.
      const member = Object.getOwnPropertyDescriptor(exported, name);
      return member !== undefined && member.value === value;
    });
  });
  return found && found[0];
}

/**
 * Returns the files on the call stack below a function, the latest first. The SDK's files are among them.
 *
 * @param {Function} called
 * @returns {string[]}
 */
function filesThatCall(called) {
  return callSites(called)
    .map(fileOf)
    .filter((file) => file !== undefined);
}

/**
 * Replaces the application's `Error.prepareStackTrace` and `Error.stackTraceLimit` temporarily.
 *
 * @param {Function} called
 * @returns {NodeJS.CallSite[]} those below the function, the latest first
 */
function callSites(called) {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.prepareStackTrace = (_error, sites) => sites;
    Error.stackTraceLimit = MAX_FRAMES;
    /** @type {any} */
    const failure = {};
    Error.captureStackTrace(failure, called);
    const { stack } = failure;
    return Array.isArray(stack) ? stack : [];
  } catch (_) {
    // The members of `Error` are read-only.
    return [];
  } finally {
    restore({ prepareStackTrace, stackTraceLimit });
  }
}

/**
 * @param {object} members the members of `Error` to restore
 */
function restore(members) {
  try {
    Object.assign(Error, members);
  } catch (_) {
    // The members are read-only, so they were not changed.
  }
}

/**
 * @param {NodeJS.CallSite} site
 * @returns {any} the file of the call site; `undefined` if it has none
 */
function fileOf(site) {
  try {
    const place = site.getFileName();
    if (typeof place !== 'string') return undefined;
    return place.startsWith('file:') ? require('url').fileURLToPath(place) : place;
  } catch (_) {
    // The URL is not a file URL of this machine.
    return undefined;
  }
}

/**
 * @param {string} file
 * @returns {Wrapper | undefined} the wrapper of the SDK that this file would load
 */
function wrapperSeenFrom(file) {
  for (const name of [COMMON, SDK]) {
    const wrapper = wrapperOf(requireFrom(file, name));
    if (wrapper) return wrapper;
  }
  return undefined;
}

/**
 * @param {any} sdk the module as `require` or `import` returns it
 * @returns {Wrapper | undefined}
 */
function wrapperOf(sdk) {
  for (const module of [sdk, sdk && sdk.default]) {
    if (module && typeof module.PersistentDataStoreWrapper === 'function') {
      return module.PersistentDataStoreWrapper;
    }
  }
  return undefined;
}

module.exports = { SDK, findWrapper, wrapperOf };
