'use strict';

/**
 * Python environments with the packages that tests need.
 */

const { spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const { Unavailable } = require('./unavailable');

const ENVIRONMENTS = path.join(__dirname, '..', '..', 'target', 'python');
/** The subfolder of an environment with its programs. */
const PROGRAMS = process.platform === 'win32' ? 'Scripts' : 'bin';

/**
 * @param {string} requirements the file
 * @returns {string} the folder of the environment, which depends on the version of the requirements
 */
function environment(requirements) {
  const wanted = fs.readFileSync(requirements);
  return path.join(ENVIRONMENTS, crypto.createHash('sha256').update(wanted).digest('hex'));
}

/**
 * @param {string} folder
 */
function programIn(folder) {
  return path.join(folder, PROGRAMS, 'python');
}

/**
 * Installs the packages if they are missing. If several processes do so at once, the first one wins.
 *
 * @param {string} requirements the file that names the packages, with the hashes of their wheels
 * @returns {string} the path of the Python program
 * @throws {Unavailable}
 */
function installPython(requirements) {
  const program = programIn(environment(requirements));
  if (fs.existsSync(program)) return program;
  fs.mkdirSync(ENVIRONMENTS, { recursive: true });
  const folder = fs.mkdtempSync(path.join(ENVIRONMENTS, 'installing-'));
  try {
    console.log(`Installing the Python packages of ${path.relative(process.cwd(), requirements)}`);
    mustRun('python3', ['-m', 'venv', folder]);
    const packages = ['install', '--quiet', '--require-hashes', '--no-deps', '-r', requirements];
    mustRun(programIn(folder), ['-m', 'pip', '--disable-pip-version-check', ...packages]);
    try {
      fs.renameSync(folder, environment(requirements));
    } catch (error) {
      if (!fs.existsSync(program)) throw error;
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return program;
}

function mustRun(command, args) {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  const reason = (stderr || 'it does not run').trim().split('\n').pop();
  throw new Unavailable(`Python or its packages are missing: ${reason}`);
}

module.exports = { installPython };
