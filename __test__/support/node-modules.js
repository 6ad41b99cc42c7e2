'use strict';

/**
 * `node_modules` folders with the packages as they are published, and with packages of others.
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');

/**
 * Puts this package and that of this machine's platform into a folder, in the place of earlier ones.
 *
 * @param {string} modules a `node_modules` folder
 */
function layOutPublished(modules) {
  const packages = path.join(modules, '.packages');
  const script = path.join(ROOT, 'scripts', 'packages.js');
  execFileSync(process.execPath, [script, '--addons', ROOT, '--out', packages], { stdio: 'pipe' });
  for (const name of fs.readdirSync(packages)) {
    const folder = path.join(packages, name);
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const target = path.join(modules, manifest.name);
    fs.rmSync(target, { recursive: true, force: true });
    fs.renameSync(folder, target);
  }
  fs.rmdirSync(packages);
}

/**
 * Copies packages and what they depend on, as `npm install` would.
 *
 * @param {string} from a `node_modules` folder that has all of them
 * @param {string} modules
 * @param {string[]} names
 */
function copyPackages(from, modules, names) {
  for (const name of names) {
    const [source, target] = [path.join(from, name), path.join(modules, name)];
    // A dependency that is missing here is within the package that has it, or is optional.
    if (fs.existsSync(target) || !fs.existsSync(source)) continue;
    fs.cpSync(source, target, { recursive: true });
    const manifest = JSON.parse(fs.readFileSync(path.join(source, 'package.json'), 'utf8'));
    const dependencies = { ...manifest.dependencies, ...manifest.optionalDependencies };
    copyPackages(from, modules, Object.keys(dependencies));
  }
}

/**
 * Links all packages and programs of a folder.
 *
 * @param {string} from a `node_modules` folder
 * @param {string} modules
 */
function linkPackages(from, modules) {
  for (const name of fs.readdirSync(from)) {
    fs.symlinkSync(path.join(from, name), path.join(modules, name), 'junction');
  }
}

module.exports = { copyPackages, layOutPublished, linkPackages };
