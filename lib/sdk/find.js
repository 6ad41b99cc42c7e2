'use strict';

/**
 * Which copy of SDK 8 or 9 an SDK client comes from. There may be several in a process, linked ones
 * included, and their items are not one another's.
 *
 * @typedef {import('./codec').Wrapper} Wrapper
 */

const path = require('path');

const { loadedModules, mainFile, requireFrom } = require('../loaded-modules');

const SDK = '@launchdarkly/node-server-sdk';
const COMMON = '@launchdarkly/js-server-sdk-common';
/** The frames of a stack that name a file; Windows has a colon after the drive. */
const FRAME = /\(?((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^()]*?):\d+:\d+\)?$/;

/**
 * @param {any} context what the SDK client calls the store with
 * @returns {Wrapper | undefined}
 */
function findWrapper(context) {
  const Platform = context.platform && context.platform.constructor;
  const file = typeof Platform === 'function' ? fileThatExports(Platform) : undefined;
  const files = [file, ...filesOfCall(), mainFile()];
  for (const from of files) {
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
  const files = placesOfCall().map((place) =>
    place.startsWith('file:') ? require('url').fileURLToPath(place) : place
  );
  const own = path.dirname(__dirname);
  return files.filter((file) => !file.startsWith(own + path.sep));
}

/**
 * @returns {string[]} files and URLs of files that are calling, the latest first
 */
function placesOfCall() {
  try {
    /** @type {any} */
    const { stack } = new Error();
    // The application's `Error.prepareStackTrace` may give whatever it likes; often it is the call sites.
    const frames = Array.isArray(stack) ? stack : String(stack).split('\n');
    return frames
      .map((frame) => {
        if (frame && typeof frame.getFileName === 'function') return frame.getFileName();
        return (FRAME.exec(String(frame)) || [])[1];
      })
      .filter((place) => typeof place === 'string');
  } catch (_) {
    // It may throw, too.
    return [];
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
