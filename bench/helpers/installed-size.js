'use strict';

/**
 * The size of packages on disk, in bytes.
 */

const { existsSync, readFileSync, readdirSync, statSync } = require('node:fs');
const path = require('node:path');

const BENCH = path.join(__dirname, '..');

/**
 * @typedef {object} Installed
 * @property {number} bytes
 * @property {number} packages the number of packages
 */

/**
 * @param {string} name the name of a package
 * @param {string} besides the name of a package that is present anyway, with its dependencies
 * @returns {Installed} the package and its dependencies, without those present
 */
function installedBesides(name, besides) {
  const present = needed(path.join(BENCH, 'node_modules', besides), new Set());
  const added = needed(path.join(BENCH, 'node_modules', name), new Set(present));
  const folders = [...added].filter((folder) => !present.has(folder));
  const bytes = folders.reduce((sum, folder) => sum + folderBytes(folder), 0);
  return { bytes, packages: folders.length };
}

/**
 * @param {string} folder the folder of a package
 * @param {Set<string>} found the folders known so far; receives those of the package
 * @returns {Set<string>}
 */
function needed(folder, found) {
  if (found.has(folder)) return found;
  found.add(folder);
  for (const name of dependenciesOf(folder)) {
    const dependency = resolvePackage(name, folder);
    if (dependency) needed(dependency, found);
  }
  return found;
}

/**
 * @param {string} folder the folder of a package
 * @returns {string[]} what npm installs with it, some only on other platforms
 */
function dependenciesOf(folder) {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const { dependencies, optionalDependencies, peerDependencies = {} } = manifest;
  const peers = Object.keys(peerDependencies).filter(
    (name) => !manifest.peerDependenciesMeta?.[name]?.optional
  );
  return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
}

/**
 * @param {string} name
 * @param {string} from the folder of the dependent package
 * @returns {string | undefined} the folder; `undefined` if an optional dependency is not installed
 */
function resolvePackage(name, from) {
  for (let folder = from; folder !== BENCH; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name);
    if (existsSync(candidate)) return candidate;
  }
  const candidate = path.join(BENCH, 'node_modules', name);
  return existsSync(candidate) ? candidate : undefined;
}

/**
 * @param {string} folder
 * @returns {number} the size without nested packages
 */
function folderBytes(folder) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isFile()) bytes += statSync(file).size;
    else if (entry.isDirectory() && entry.name !== 'node_modules') bytes += folderBytes(file);
  }
  return bytes;
}

module.exports = { installedBesides };
