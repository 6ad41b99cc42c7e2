'use strict';

/**
 * Loads the addon for this platform. Each platform has its own package; package managers install the matching
 * one.
 */

const NAME = 'dynamodb-feature-store';

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
  /** @type {any} */
  let addon;
  try {
    addon = require('../../binding');
  } catch (failure) {
    throw unavailable(reasonOf(failure), failure);
  }
  const missing = EXPECTED.filter((member) => typeof (addon && addon[member]) !== 'function');
  if (missing.length > 0) {
    throw unavailable(`what was loaded in its place has no ${missing.join(' and no ')}`);
  }
  return addon;
}

/**
 * @param {string} reason
 * @param {any} [cause]
 * @returns {Error}
 */
function unavailable(reason, cause) {
  const platform = platformName();
  const message =
    `${NAME}: no addon for ${platform}: ${reason}. It comes with the optional dependency ` +
    `${NAME}-${platform}. Install ${NAME} anew on this kind of machine without --omit=optional, or for ` +
    'it with npm install --os=… --cpu=… --libc=…; in a bundle, leave the package external or have its ' +
    '.node file copied. Where there is no such package, build it from the source code, which takes Rust.';
  const failure = new Error(message);
  return Object.assign(failure, { code: 'ERR_DYNAMODB_FEATURE_STORE_ADDON' }, cause && { cause });
}

/**
 * @param {any} failure the error of `binding.js`: a chain of causes, one for each place that it searched
 * @returns {string} why an existing file can't be loaded, or that no file exists
 */
function reasonOf(failure) {
  const all = [];
  for (let each = failure; each; each = each.cause) all.push(each);
  const isAbsent = (/** @type {any} */ each) =>
    each.code === 'MODULE_NOT_FOUND' || /^Cannot find (module|native binding)/.test(each.message);
  const specific = all.find((each) => !isAbsent(each));
  return specific
    ? `it can't be loaded: ${String(specific.message).split('\n')[0]}`
    : 'it is not installed';
}

/**
 * @returns {string} the platform as in the package names
 */
function platformName() {
  const { platform, arch } = process;
  if (platform === 'win32') return `${platform}-${arch}-msvc`;
  if (platform !== 'linux') return `${platform}-${arch}`;
  const { header } = /** @type {any} */ (
    process.report ? process.report.getReport() : { header: {} }
  );
  return `${platform}-${arch}-${header.glibcVersionRuntime ? 'gnu' : 'musl'}`;
}

module.exports = loadAddon();
