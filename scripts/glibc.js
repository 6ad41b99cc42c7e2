'use strict';

/**
 * Checks that addons for Linux with glibc load on the oldest supported systems:
 *
 *     node scripts/glibc.js [files]
 *
 * Red Hat Enterprise Linux 7 has 2.17; Amazon Linux 2 and later systems have newer versions.
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** The oldest glibc version that published addons support. */
const GLIBC = '2.17';

/**
 * @param {string} file
 * @returns {string} the newest version of glibc that the file needs
 */
function neededGlibc(file) {
  const symbols = execFileSync('objdump', ['-T', file], { encoding: 'utf8' });
  const versions = [...symbols.matchAll(/\bGLIBC_([\d.]+)/g)].map(([, version]) => version);
  return versions.reduce((newest, each) => (isNewer(each, newest) ? each : newest), '0');
}

/**
 * @param {string} version
 * @param {string} than
 * @returns {boolean}
 */
function isNewer(version, than) {
  return version.localeCompare(than, 'en', { numeric: true }) > 0;
}

function main() {
  const root = path.join(__dirname, '..');
  const found = fs.readdirSync(root).filter((name) => name.endsWith('-gnu.node'));
  const given = process.argv.slice(2);
  const files = given.length > 0 ? given : found.map((name) => path.join(root, name));
  for (const file of files) {
    const needed = neededGlibc(file);
    console.log(`${path.basename(file)} needs glibc ${needed}; at most ${GLIBC} is promised`);
    if (isNewer(needed, GLIBC)) process.exitCode = 1;
  }
}

if (require.main === module) main();

module.exports = { GLIBC };
