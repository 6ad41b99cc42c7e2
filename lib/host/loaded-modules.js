'use strict';

/**
 * Access to loaded modules and to packages as another file would load them. Loader hooks, test runners and
 * bundlers supply `require` functions that lack some of Node's properties, so only this file uses those
 * properties.
 */

const Module = require('module');

/**
 * @returns {[string, any][]} pairs of a loaded module's file and its exports
 */
function loadedModules() {
  const own = require.cache;
  const cache = own && Object.keys(own).length > 0 ? own : /** @type {any} */ (Module)._cache;
  /** @type {[string, any][]} */
  const found = [];
  for (const file of Object.keys(cache || {})) {
    const module = cache[file];
    if (module) found.push([file, module.exports]);
  }
  return found;
}

/**
 * @param {string} name the name of a package
 * @param {string} file
 * @returns {any} the package as that file would load it; `undefined` if it can't be loaded
 */
function requireFrom(file, name) {
  try {
    // Not `require` itself, whose computed requests bundlers warn about.
    return Module.createRequire(file)(name);
  } catch (_) {
    // The package is not installed there, or the file name is made up by a bundler.
    return undefined;
  }
}

/**
 * @param {string} file
 * @param {string} name the name of a package
 * @returns {string | undefined} the file of the package that this file would load
 */
function resolveFrom(file, name) {
  try {
    return Module.createRequire(file).resolve(name);
  } catch (_) {
    return undefined;
  }
}

/** @returns {string | undefined} the file that Node was started with */
function mainFile() {
  return (require.main && require.main.filename) || process.argv[1];
}

module.exports = { loadedModules, mainFile, requireFrom, resolveFrom };
