'use strict';

/**
 * The size of packages on disk, in bytes.
 */

const { execFileSync } = require('node:child_process');
const { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const BENCH = path.join(__dirname, '..');
const ROOT = path.join(BENCH, '..');

/**
 * @typedef {object} Installed
 * @property {number} bytes
 * @property {number} packages the number of packages
 */

/**
 * @returns {Installed} this repository's package and the package for this platform, with the built addon
 */
function installedOurs() {
  const out = mkdtempSync(path.join(os.tmpdir(), 'installed-'));
  try {
    const script = path.join(ROOT, 'scripts', 'packages.js');
    const args = [script, '--addons', ROOT, '--out', out];
    execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    return sizeOf(readdirSync(out).map((name) => path.join(out, name)));
  } finally {
    rmSync(out, { recursive: true });
  }
}

/**
 * @param {string} name the name of a package
 * @param {string} besides the name of a package that is present anyway, with its dependencies
 * @returns {Installed} the package and its dependencies, without those present
 */
function installedBesides(name, besides) {
  const present = needed(path.join(BENCH, 'node_modules', besides), new Set());
  const added = needed(path.join(BENCH, 'node_modules', name), new Set(present));
  return sizeOf([...added].filter((folder) => !present.has(folder)));
}

/**
 * @param {string[]} folders
 * @returns {Installed}
 */
function sizeOf(folders) {
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
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  for (const name of names) {
    const dependency = resolvePackage(name, folder);
    if (dependency) needed(dependency, found);
  }
  return found;
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

module.exports = { installedBesides, installedOurs };
