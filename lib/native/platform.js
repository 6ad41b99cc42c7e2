'use strict';

/**
 * The name of the platform that Node runs on, as in the names of the platform packages.
 */

const fs = require('fs');

/** A script that names musl, if that is the system's C library. Some containers don't have it. */
const LDD = '/usr/bin/ldd';
/** How much of a program is searched for the name of its dynamic loader, in bytes. */
const HEAD_BYTES = 4096;

/**
 * @returns {string}
 */
function platformName() {
  const { arch, platform } = process;
  if (platform === 'win32') return `${platform}-${arch}-msvc`;
  if (platform !== 'linux') return `${platform}-${arch}`;
  const libc = usesMusl(process.execPath, LDD) ? 'musl' : 'gnu';
  return `${platform}-${arch}-${libc}${arch === 'arm' ? 'eabihf' : ''}`;
}

/**
 * Never takes long, unlike `process.report`. The program decides, because a system may have both libraries.
 *
 * @param {string} program Node's
 * @param {string} ldd is read if the program does not tell
 * @returns {boolean} whether the program uses musl instead of glibc
 */
function usesMusl(program, ldd) {
  const head = headOf(program);
  if (head.includes('/ld-musl-')) return true;
  if (head.includes('/ld-linux')) return false;
  try {
    return fs.readFileSync(ldd, 'latin1').includes('musl');
  } catch (_) {
    return false;
  }
}

/**
 * @param {string} program
 * @returns {string} an empty one if it can't be read
 */
function headOf(program) {
  const head = Buffer.alloc(HEAD_BYTES);
  try {
    const file = fs.openSync(program, 'r');
    fs.readSync(file, head, 0, HEAD_BYTES, 0);
    fs.closeSync(file);
  } catch (_) {
    // The same as without the name of a loader.
  }
  return head.toString('latin1');
}

module.exports = { platformName, usesMusl };
