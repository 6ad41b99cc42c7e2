'use strict';

/**
 * Installs AWS's runtime interface client, whose native part npm builds.
 */

const { spawnSync } = require('node:child_process');
const { existsSync, statSync } = require('node:fs');
const path = require('node:path');

const FOLDER = path.join(__dirname, 'runtime-client');
const LOCK = path.join(FOLDER, 'package-lock.json');
/** npm writes this file at the end of an installation. */
const INSTALLED = path.join(FOLDER, 'node_modules', '.package-lock.json');
const CLIENT = path.join(FOLDER, 'node_modules', 'aws-lambda-ric', 'bin', 'index.mjs');
const NEEDS =
  'it needs a C++ compiler, Python, autoconf, automake, libtool, cmake, pkg-config, unzip and the headers ' +
  'of OpenSSL and zlib';

/**
 * @returns {{client: string} | {unavailable: string}} the program, or why it can't be installed
 */
function installClient() {
  if (process.platform !== 'linux') {
    return { unavailable: "AWS's runtime interface client runs on Linux only" };
  }
  if (modified(INSTALLED) >= modified(LOCK)) return { client: CLIENT };
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: FOLDER,
    env: { ...process.env, ...headersOfNode() },
    stdio: 'inherit',
  });
  if (status === 0) return { client: CLIENT };
  return { unavailable: `AWS's runtime interface client can't be built: ${NEEDS}` };
}

/** Names the headers that come with this Node.js, if any, so that npm need not download them. */
function headersOfNode() {
  const root = path.dirname(path.dirname(process.execPath));
  const hasHeaders = existsSync(path.join(root, 'include', 'node', 'node.h'));
  return hasHeaders ? { npm_config_nodedir: root } : {};
}

/**
 * @param {string} file
 * @returns {number} the time of the last change; 0 if the file does not exist
 */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

module.exports = { installClient };
