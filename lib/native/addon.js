'use strict';

/**
 * Loads the addon for this platform. Each platform has its own package; package managers install the matching
 * one.
 */

const fs = require('fs');
const Module = require('module');

const root = require('../../root');
const { platformName } = require('./platform');

const NAME = 'dynamodb-feature-store';
const ABSENT = 'it is not installed';

/** The exports in use. They are checked because bundlers may replace the addon by something else. */
const EXPECTED = [
  'NativeBigSegmentStore',
  'NativeStore',
  'NativeTable',
  'itemInForm',
  'printable',
  'respond',
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
    throw unavailable(platform, `what was loaded in its place has no ${members}`);
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
    throw unavailable(platform, reasonOf(failure), failure);
  }
  throw unavailable(platform, ABSENT);
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

/**
 * @param {string} platform
 * @param {string} reason
 * @param {any} [cause]
 * @returns {Error}
 */
function unavailable(platform, reason, cause) {
  const message =
    `${NAME}: no addon for ${platform}: ${reason}. It comes with the optional dependency ` +
    `${NAME}-${platform}. Install ${NAME} anew on this kind of machine without --omit=optional, or for ` +
    'it with npm install --os=… --cpu=… --libc=…; in a bundle, leave the package external or have its ' +
    '.node file copied. Where there is no such package, build it from the source code, which takes Rust.';
  const failure = new Error(message);
  return Object.assign(failure, { code: 'ERR_DYNAMODB_FEATURE_STORE_ADDON' }, cause && { cause });
}

/**
 * @param {any} failure
 * @returns {string} why an existing file can't be loaded, or that there is none
 */
function reasonOf(failure) {
  const { code, message } = failure;
  if (code === 'MODULE_NOT_FOUND' || /^Cannot find module/.test(message)) return ABSENT;
  return `it can't be loaded: ${String(message).split('\n')[0]}`;
}

module.exports = loadAddon();
