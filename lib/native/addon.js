'use strict';

/**
 * Loads the addon for this platform. Each platform has its own package; package managers install the matching
 * one.
 */

const fs = require('fs');
const Module = require('module');

const root = require('../../root');
const { addonFailure } = require('./addon-failure');
const { platformName } = require('./platform');

const NAME = 'dynamodb-feature-store';

/** The exports in use. They are checked because bundlers may replace the addon by something else. */
const EXPECTED = [
  'NativeBigSegmentStore',
  'NativeStore',
  'NativeTable',
  'itemInForm',
  'printable',
  'proxyOfEnvironment',
  'respond',
  'sameContent',
];

/**
 * @returns {typeof import('../../binding')}
 * @throws {Error} naming the platform and the remedy
 */
function loadAddon() {
  const platform = platformName();
  const addon = requireAddon(platform);
  const missing = EXPECTED.filter((member) => typeof (addon && addon[member]) !== 'function');
  if (missing.length > 0) {
    const members = missing.join(' and no ');
    throw addonFailure(platform, undefined, `what was loaded in its place has no ${members}`);
  }
  return addon;
}

/**
 * @param {string} platform
 * @returns {any}
 * @throws {Error}
 */
function requireAddon(platform) {
  // Bundlers need the full name of each package, and only inside of `try` do they allow that one is missing.
  try {
    const file = process.env.NAPI_RS_NATIVE_LIBRARY_PATH || builtFile(platform);
    if (file) return requireFile(file);
    switch (platform) {
      case 'darwin-arm64':
        return require('dynamodb-feature-store-darwin-arm64');
      case 'darwin-x64':
        return require('dynamodb-feature-store-darwin-x64');
      case 'linux-arm64-gnu':
        return require('dynamodb-feature-store-linux-arm64-gnu');
      case 'linux-arm64-musl':
        return require('dynamodb-feature-store-linux-arm64-musl');
      case 'linux-x64-gnu':
        return require('dynamodb-feature-store-linux-x64-gnu');
      case 'linux-x64-musl':
        return require('dynamodb-feature-store-linux-x64-musl');
      case 'win32-arm64-msvc':
        return require('dynamodb-feature-store-win32-arm64-msvc');
      case 'win32-x64-msvc':
        return require('dynamodb-feature-store-win32-x64-msvc');
    }
  } catch (failure) {
    throw addonFailure(platform, failure);
  }
  throw addonFailure(platform);
}

/**
 * @param {string} platform
 * @returns {string | undefined} the file that a build from the source code has made
 */
function builtFile(platform) {
  if (root === undefined) return undefined;
  const file = `${root}/${NAME}.${platform}.node`;
  return fs.existsSync(file) ? file : undefined;
}

/**
 * Requires a file of which bundlers know nothing.
 *
 * @param {string} file
 * @returns {any}
 */
function requireFile(file) {
  return Module.createRequire(`${root || process.cwd()}/index.js`)(file);
}

module.exports = loadAddon();
