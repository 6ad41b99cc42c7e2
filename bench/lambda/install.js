'use strict';

/**
 * Installs AWS's runtime interface client, whose native part npm builds, and a bundler.
 */

const { spawnSync } = require('node:child_process');
const { existsSync, statSync } = require('node:fs');
const path = require('node:path');

const LOCK = path.join(__dirname, 'package-lock.json');
/** npm writes this file at the end of an installation. */
const INSTALLED = path.join(__dirname, 'node_modules', '.package-lock.json');
const NEEDS =
  'it needs a C++ compiler, Python, autoconf, automake, libtool, cmake, pkg-config, unzip and the headers ' +
  'of OpenSSL and zlib';

/**
 * @returns {string | undefined} why the client can't be installed; `undefined` if it is there
 */
function installClient() {
  if (process.platform !== 'linux') return "AWS's runtime interface client runs on Linux only";
  if (modified(INSTALLED) >= modified(LOCK)) return undefined;
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: __dirname,
    env: { ...process.env, ...headersOfNode() },
    stdio: 'inherit',
  });
  return status === 0 ? undefined : `AWS's runtime interface client can't be built: ${NEEDS}`;
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
