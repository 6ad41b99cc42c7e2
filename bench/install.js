'use strict';

/**
 * Installs the packages for the comparison, unless they match the lock file, and this repository's package as it
 * would be published.
 */

const { execFileSync } = require('node:child_process');
const { statSync } = require('node:fs');
const path = require('node:path');

const { layOutPublished } = require('../__test__/support/node-modules');

const MODULES = path.join(__dirname, 'node_modules');
const LOCK = path.join(__dirname, 'package-lock.json');
/** npm writes this file at the end of an installation. */
const INSTALLED = path.join(MODULES, '.package-lock.json');

function installPackages() {
  if (modified(INSTALLED) < modified(LOCK)) {
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: __dirname,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
  }
  layOutPublished(MODULES);
}

/**
 * @param {string} file
 * @returns {number} the time of the last change; 0 if the file does not exist
 */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

module.exports = { installPackages };
