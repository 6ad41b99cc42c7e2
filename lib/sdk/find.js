'use strict';

/**
 * Finds the copy of SDK 8 or 9 that an SDK client comes from. A process may have several copies, including
 * linked ones, and their items are not interchangeable.
 *
 * @typedef {import('./sdk-codec').Wrapper} Wrapper
 *
 * @typedef {object} Found
 * @property {Wrapper} Wrapper
 * @property {string} [otherCopyOf] the file that loads this copy, if the client comes from another one
 */

const path = require('path');

const { loadedModules, mainFile, requireFrom, resolveFrom } = require('../host/loaded-modules');

const SDK = '@launchdarkly/node-server-sdk';
const COMMON = '@launchdarkly/js-server-sdk-common';
/** How many stack frames are searched. */
const MAX_FRAMES = 50;

/**
 * @param {any} context the context that the SDK client passes to the store
 * @param {Function} called the function of this package that the client calls
 * @returns {Found | undefined}
 */
function findSdk(context, called) {
  const Platform = context.platform && context.platform.constructor;
  const file = typeof Platform === 'function' ? fileThatExports(Platform) : undefined;
  const exact = file && sdkSeenFrom(file);
  if (exact) return { Wrapper: exact.PersistentDataStoreWrapper };
  /** @type {Found | undefined} */
  let other;
  const callers = filesThatCall(called);
  for (const from of [...callers, mainFile()]) {
    const sdk = from && sdkSeenFrom(from);
    if (!sdk) continue;
    const Wrapper = sdk.PersistentDataStoreWrapper;
    if (mayHaveMade(sdk, context) || isAmong(callers, from)) return { Wrapper };
    other = other || { Wrapper, otherCopyOf: from };
  }
  return other;
}

/**
 * @param {string[]} callers
 * @param {string} from
 * @returns {boolean} whether the SDK that a file would load is among the callers: then it is the client's copy, even if
 *   it is loaded once more because an application or a test runner has forgotten it
 */
function isAmong(callers, from) {
  return [COMMON, SDK].some((name) => {
    const file = resolveFrom(from, name);
    return file && callers.some((caller) => caller.startsWith(path.dirname(file) + path.sep));
  });
}

/**
 * @param {any} sdk
 * @param {any} context
 * @returns {boolean} `false` if the context certainly comes from another copy of the SDK
 */
function mayHaveMade({ ClientContext }, context) {
  return typeof ClientContext !== 'function' || context instanceof ClientContext;
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
 * @returns {any} the SDK's module that this file would load
 */
function sdkSeenFrom(file) {
  for (const name of [COMMON, SDK]) {
    const sdk = sdkOf(requireFrom(file, name));
    if (sdk) return sdk;
  }
  return undefined;
}

/**
 * @param {any} loaded the SDK as `require` or `import` returns it
 * @returns {any} the module that has its classes
 */
function sdkOf(loaded) {
  return [loaded, loaded && loaded.default].find(
    (module) => module && typeof module.PersistentDataStoreWrapper === 'function'
  );
}

/**
 * @param {any} loaded the SDK as `require` or `import` returns it
 * @returns {Wrapper | undefined}
 */
function wrapperOf(loaded) {
  const sdk = sdkOf(loaded);
  return sdk && sdk.PersistentDataStoreWrapper;
}

module.exports = { SDK, findSdk, wrapperOf };
