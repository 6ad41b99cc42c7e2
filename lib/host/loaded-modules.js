'use strict';

/**
 * Which modules are loaded, and what a file would load. Loader hooks, test runners and bundlers supply
 * `require` functions that lack members of Node's, so nothing else in this package uses these.
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
 * @returns {any} what that file would get of the package; `undefined` where it can't be loaded
 */
function requireFrom(file, name) {
  try {
    if (typeof Module.createRequire === 'function') return Module.createRequire(file)(name);
    return require(require.resolve(name, { paths: [path.dirname(file)] }));
  } catch (_) {
    // There is none, or the file is no file, but how a bundler names a module.
    return undefined;
  }
}

/** @returns {string | undefined} the file that Node was started with */
function mainFile() {
  return (require.main && require.main.filename) || process.argv[1];
}

module.exports = { loadedModules, mainFile, requireFrom };
