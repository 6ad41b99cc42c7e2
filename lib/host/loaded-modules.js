'use strict';

/**
 * Loaded modules, and what another file would load. Loader hooks, test runners and bundlers supply `require`
 * functions without some of Node's properties, so only this file uses those.
 */

const Module = require('module');
const path = require('path');

/**
 * @returns {[string, any][]} the files of loaded modules, and what they export
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
 * @param {string} name of a package
 * @param {string} file
 * @returns {any} the package as that file would load it; `undefined` if it can't be loaded
 */
function requireFrom(file, name) {
  try {
    if (typeof Module.createRequire === 'function') return Module.createRequire(file)(name);
    return require(require.resolve(name, { paths: [path.dirname(file)] }));
  } catch (_) {
    // It is not installed there, or the file name is a bundler's own.
    return undefined;
  }
}

/** @returns {string | undefined} the file that Node was started with */
function mainFile() {
  return (require.main && require.main.filename) || process.argv[1];
}

module.exports = { loadedModules, mainFile, requireFrom };
