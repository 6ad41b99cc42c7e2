'use strict';

/**
 * Installs the packages for the comparison, unless they match the lock file, and this repository's package as it
 * would be published.
 */

const { execFileSync } = require('node:child_process');
const { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
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
  installOurs();
}

/** Installs the package and the one for this platform, with the built addon. */
function installOurs() {
  const out = mkdtempSync(path.join(os.tmpdir(), 'packages-'));
  try {
    const script = path.join(ROOT, 'scripts', 'packages.js');
    const args = [script, '--addons', ROOT, '--out', out];
    execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    for (const folder of readdirSync(out).map((name) => path.join(out, name))) {
      const { name } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
      const installed = path.join(MODULES, name);
      rmSync(installed, { recursive: true, force: true });
      cpSync(folder, installed, { recursive: true });
    }
  } finally {
    rmSync(out, { recursive: true });
  }
}

/**
 * @param {string} file
 * @returns {number} the time of the last change; 0 if the file does not exist
 */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

module.exports = { installPackages };
