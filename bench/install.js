'use strict';

/**
 * Installs the packages for the comparison, unless they match the lock file.
 */

const { spawnSync } = require('node:child_process');
const { statSync } = require('node:fs');
const path = require('node:path');

const LOCK = path.join(__dirname, 'package-lock.json');
/** npm writes this file at the end of an installation. */
const INSTALLED = path.join(__dirname, 'node_modules', '.package-lock.json');

function installPackages() {
  if (modified(INSTALLED) >= modified(LOCK)) return;
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: __dirname,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error('npm ci failed');
}

/**
 * @param {string} file
 * @returns {number} the time of the last change; 0 if the file does not exist
 */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

module.exports = { installPackages };
