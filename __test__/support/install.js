'use strict';

/**
 * Packages that only some tests need. Each folder has its own packages, with a lock file.
 */

const { spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

/** Records the lock file that a folder was installed from. */
const STAMP = path.join('node_modules', '.installed-from');
/** Folders that are entered only by name: `npm run test:hosts`, `test:deployment` and `test:relay` run what is in them. */
const APART = ['cases', 'deployment', 'frameworks', 'node_modules', 'runtime-client'];

/**
 * @param {string} folder
 * @returns {string[]} the files in the folder and its subfolders
 */
function filesBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return APART.includes(entry.name) ? [] : filesBelow(file);
    return [file];
  });
}

/**
 * Installs the packages of a folder and its subfolders if they are missing or outdated.
 *
 * @param {string} folder
 */
function installBelow(folder) {
  const locks = filesBelow(folder).filter((file) => path.basename(file) === 'package-lock.json');
  for (const lock of locks) install(path.dirname(lock));
}

/**
 * @param {string} folder
 */
function install(folder) {
  const lock = fs.readFileSync(path.join(folder, 'package-lock.json'));
  const wanted = crypto.createHash('sha256').update(lock).digest('hex');
  const stamp = path.join(folder, STAMP);
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
  console.log(`Installing the packages of ${path.relative(process.cwd(), folder)}`);
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw error || new Error(`npm ci failed in ${folder}`);
  fs.writeFileSync(stamp, wanted);
}

module.exports = { filesBelow, install, installBelow };
