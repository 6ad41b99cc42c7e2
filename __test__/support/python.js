'use strict';

/**
 * A Python environment with the packages of the interoperation tests.
 */

const { spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const { Unavailable } = require('./unavailable');

const REQUIREMENTS = path.join(__dirname, '..', 'interop', 'requirements.txt');
const ENVIRONMENTS = path.join(__dirname, '..', '..', 'target', 'python');
/** The subfolder of an environment with its programs. */
const PROGRAMS = process.platform === 'win32' ? 'Scripts' : 'bin';

/**
 * @returns {string} the folder of the environment, which depends on the version of the requirements
 */
function environment() {
  const wanted = fs.readFileSync(REQUIREMENTS);
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
 * @returns {string} the path of the Python program
 * @throws {Unavailable}
 */
function installPython() {
  const program = programIn(environment());
  if (fs.existsSync(program)) return program;
  fs.mkdirSync(ENVIRONMENTS, { recursive: true });
  const folder = fs.mkdtempSync(path.join(ENVIRONMENTS, 'installing-'));
  try {
    console.log('Installing the Python packages of the interoperation tests');
    mustRun('python3', ['-m', 'venv', folder]);
    const packages = ['install', '--quiet', '--require-hashes', '--no-deps', '-r', REQUIREMENTS];
    mustRun(programIn(folder), ['-m', 'pip', '--disable-pip-version-check', ...packages]);
    try {
      fs.renameSync(folder, environment());
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
