'use strict';

/**
 * How many bytes packages are on disk.
 */

const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync, readdirSync, statSync } = require('node:fs');
const path = require('node:path');

const BENCH = path.join(__dirname, '..');
const ROOT = path.join(BENCH, '..');

/**
 * @returns {number} what the package of this repository would be with the addon that is built
 */
function packedBytes() {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['pack', '--dry-run', '--json', '--ignore-scripts'],
    { cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' }
  );
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  return JSON.parse(stdout)[0].unpackedSize;
}

/**
 * @param {string} name of a package
 * @param {string} besides another one that is there anyway, with all that it needs
 * @returns {number} the size of the package and of all that it needs
 */
function packageBytes(name, besides) {
  const present = needed(path.join(BENCH, 'node_modules', besides), new Set());
  const added = needed(path.join(BENCH, 'node_modules', name), new Set(present));
  let bytes = 0;
  for (const folder of added) if (!present.has(folder)) bytes += folderBytes(folder);
  return bytes;
}

/**
 * @param {string} folder of a package
 * @param {Set<string>} found the folders that are known already; gets those of the package
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
 * @param {string} from the folder of the package that needs it
 * @returns {string | undefined} where it is installed; optional ones may be nowhere
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
 * @returns {number} without the packages that are installed in it
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

module.exports = { packageBytes, packedBytes };
