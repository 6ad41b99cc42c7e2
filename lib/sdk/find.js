'use strict';

/**
 * Which copy of SDK 8 or 9 an SDK client comes from. There may be several in a process, linked ones
 * included, and their items are not one another's.
 *
 * @typedef {import('./codec').Wrapper} Wrapper
 */

const path = require('path');

const { loadedModules, mainFile, requireFrom } = require('../host/loaded-modules');

const SDK = '@launchdarkly/node-server-sdk';
const COMMON = '@launchdarkly/js-server-sdk-common';
/** How many callers are looked at. */
const MOST_FRAMES = 50;

/**
 * @param {any} context what the SDK client calls the store with
 * @returns {Wrapper | undefined}
 */
function findWrapper(context) {
  const Platform = context.platform && context.platform.constructor;
  const file = typeof Platform === 'function' ? fileThatExports(Platform) : undefined;
  const exact = file === undefined ? undefined : wrapperSeenFrom(file);
  if (exact) return exact;
  for (const from of [...filesOfCall(), mainFile()]) {
    const wrapper = from === undefined ? undefined : wrapperSeenFrom(from);
    if (wrapper) return wrapper;
  }
  return undefined;
}

/**
 * @param {Function} value
 * @returns {string | undefined} the loaded file among whose exports it is
 */
function fileThatExports(value) {
  const found = loadedModules().find(([, exported]) => {
    if (exported === value) return true;
    if (typeof exported !== 'object' || exported === null) return false;
    return Object.keys(exported).some((name) => {
      // A getter may load whatever it likes.
      const member = Object.getOwnPropertyDescriptor(exported, name);
      return member !== undefined && member.value === value;
    });
  });
  return found && found[0];
}

/**
 * The SDK calls the store from its own files.
 *
 * @returns {string[]} files that are calling, the latest first
 */
function filesOfCall() {
  const own = path.dirname(__dirname);
  return callSites()
    .map(fileOf)
    .filter((file) => file !== undefined && !file.startsWith(own + path.sep));
}

/**
 * The application may have an `Error.prepareStackTrace` of its own, and a limit for stacks. Both are out of the
 * way for this moment.
 *
 * @returns {NodeJS.CallSite[]} the latest first
 */
function callSites() {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.prepareStackTrace = (_error, sites) => sites;
    Error.stackTraceLimit = MOST_FRAMES;
    /** @type {any} */
    const { stack } = new Error();
    return Array.isArray(stack) ? stack : [];
  } catch (_) {
    // They may be read-only.
    return [];
  } finally {
    restore({ prepareStackTrace, stackTraceLimit });
  }
}

/**
 * @param {object} members of `Error`
 */
function restore(members) {
  try {
    Object.assign(Error, members);
  } catch (_) {
    // They were not changed then.
  }
}

/**
 * @param {NodeJS.CallSite} site
 * @returns {any} its file; `undefined` for what has none
 */
function fileOf(site) {
  try {
    const place = site.getFileName();
    if (typeof place !== 'string') return undefined;
    return place.startsWith('file:') ? require('url').fileURLToPath(place) : place;
  } catch (_) {
    // It is no URL of a file of this machine.
    return undefined;
  }
}

/**
 * @param {string} file
 * @returns {Wrapper | undefined} the class of the SDK that this file would load
 */
function wrapperSeenFrom(file) {
  for (const name of [COMMON, SDK]) {
    const wrapper = wrapperOf(requireFrom(file, name));
    if (wrapper) return wrapper;
  }
  return undefined;
}

/**
 * @param {any} sdk a module, in whatever form it was imported
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
