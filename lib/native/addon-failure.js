'use strict';

/**
 * The error for an addon that can't be loaded: why, and what to do about it.
 */

const fs = require('fs');

const NAME = 'dynamodb-feature-store';
const VARIABLE = 'NAPI_RS_NATIVE_LIBRARY_PATH';

/**
 * @param {string} platform
 * @param {any} [cause] what loading it has thrown
 * @param {string} [known] the reason, if loading it has thrown nothing
 * @returns {Error} says why and what to do
 */
function addonFailure(platform, cause, known) {
  const { reason, remedy } = known
    ? { reason: known, remedy: toInstall(platform) }
    : explain(platform, cause);
  const failure = new Error(`${NAME}: no addon for ${platform}: ${reason}. ${remedy}`);
  return Object.assign(failure, { code: 'ERR_DYNAMODB_FEATURE_STORE_ADDON' }, cause && { cause });
}

/**
 * @param {string} platform
 * @param {any} cause
 * @returns {{reason: string, remedy: string}}
 */
function explain(platform, cause) {
  const code = cause && cause.code;
  const [line] = String(cause && cause.message).split('\n');
  const named = process.env[VARIABLE];
  const isAbsent = !cause || code === 'MODULE_NOT_FOUND' || /^Cannot find module/.test(line);
  if (code === 'ERR_DLOPEN_DISABLED') {
    return {
      reason: 'Node.js does not load addons here',
      remedy: 'Start it without --no-addons and, if it has --permission, with --allow-addons.',
    };
  }
  if (hasNoDescriptors(line)) {
    return {
      reason: 'the process can open no more files (EMFILE)',
      remedy: 'Raise its limit (ulimit -n), or find out what keeps so many files open.',
    };
  }
  if (named) {
    const problem = isAbsent ? 'which does not exist' : `which can't be loaded: ${line}`;
    return {
      reason: `the variable ${VARIABLE} names ${JSON.stringify(named)}, ${problem}`,
      remedy: 'Correct or remove the variable.',
    };
  }
  if (loadsNoPackages(cause)) {
    return {
      reason:
        'require loads only modules of Node.js here, as in a single executable or a startup snapshot',
      remedy:
        `Keep ${NAME} in a node_modules folder and load it with createRequire of node:module, from a ` +
        'snapshot only once it is started: see docs/bundlers.md.',
    };
  }
  return {
    reason: isAbsent ? 'it is not installed' : `it can't be loaded: ${line}`,
    remedy: toInstall(platform),
  };
}

/**
 * @param {string} platform
 * @returns {string}
 */
function toInstall(platform) {
  return (
    `It comes with the optional dependency ${NAME}-${platform}. Install ${NAME} anew on this kind of ` +
    'machine without --omit=optional, or for it with npm install --os=… --cpu=… --libc=…; in a bundle, ' +
    'leave the package external or have its .node file copied. Where there is no such package, build ' +
    'it from the source code, which takes Rust.'
  );
}

/**
 * Node reports some files as missing that it could not open.
 *
 * @param {string} line
 * @returns {boolean}
 */
function hasNoDescriptors(line) {
  if (/\bE[MN]FILE\b|too many open files/i.test(line)) return true;
  try {
    fs.closeSync(fs.openSync(process.execPath, 'r'));
    return false;
  } catch (/** @type {any} */ { code }) {
    return code === 'EMFILE' || code === 'ENFILE';
  }
}

/**
 * @param {any} cause
 * @returns {boolean} whether `require` is the one of Node's embedders, which knows no files
 */
function loadsNoPackages(cause) {
  return (
    cause && (cause.code === 'ERR_UNKNOWN_BUILTIN_MODULE' || typeof require.resolve !== 'function')
  );
}

module.exports = { addonFailure };
