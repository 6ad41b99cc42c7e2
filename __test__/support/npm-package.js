'use strict';

/**
 * Published npm packages of which only files are used, such as programs for one platform. Their install scripts
 * don't run.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { Unavailable } = require('./unavailable');

const CACHE = path.join(__dirname, '..', '..', 'target', 'npm-packages');

/**
 * Puts a folder of a package into the cache, unless it is there. If several processes do so at once, the first
 * one wins.
 *
 * @param {string} name
 * @param {string} version
 * @param {string} [inside] the folder in the package; default: the whole package
 * @returns {string} the folder in the cache
 * @throws {Unavailable}
 */
function fetchPackage(name, version, inside = '') {
  const folder = path.join(CACHE, `${name.replace('/', '+')}-${version}`);
  if (fs.existsSync(folder)) return folder;
  fs.mkdirSync(CACHE, { recursive: true });
  const temporary = fs.mkdtempSync(path.join(CACHE, 'fetching-'));
  try {
    console.log(`Fetching ${name} ${version}`);
    const pack = ['pack', `${name}@${version}`, '--ignore-scripts', '--loglevel=error'];
    mustRun('npm', [...pack, '--pack-destination', '.'], temporary);
    const [archive] = fs.readdirSync(temporary);
    const wanted = path.posix.join('package', inside);
    mustRun('tar', ['-xzf', archive, wanted], temporary);
    try {
      fs.renameSync(path.join(temporary, wanted), folder);
    } catch (error) {
      if (!fs.existsSync(folder)) throw error;
    }
  } finally {
    fs.rmSync(temporary, { recursive: true });
  }
  return folder;
}

function mustRun(command, args, cwd) {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  const [reason] = (stderr || 'it does not run').split('\n');
  throw new Unavailable(`it can't be fetched: ${command} failed: ${reason}`);
}

module.exports = { fetchPackage };
