'use strict';

/**
 * Standard output. Node's console ignores it if a write fails, or writes only a part.
 */

const fs = require('fs');

const { USAGE } = require('./exit-codes');
const { Failure } = require('./failure');

const STANDARD_OUTPUT = 1;
let isClosed = false;

/**
 * Prints a text and a line break.
 *
 * @param {string} text
 * @throws {Failure} if it can't be written, unless the reader has closed its pipe
 */
async function print(text) {
  const bytes = Buffer.from(`${text}\n`);
  try {
    if (isFile()) writeFile(bytes);
    else await writeStream(bytes);
  } catch (/** @type {any} */ failure) {
    if (failure.code !== 'EPIPE') throw unwritable(failure);
    isClosed = true;
  }
}

/**
 * @returns {boolean} whether standard output is a file, or a device such as `/dev/full`
 */
function isFile() {
  const stat = fs.fstatSync(STANDARD_OUTPUT);
  return stat.isFile() || (stat.isCharacterDevice() && !process.stdout.isTTY);
}

/**
 * @param {Buffer} bytes
 */
function writeFile(bytes) {
  // A disk that is almost full takes a part.
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(STANDARD_OUTPUT, bytes, at);
}

/**
 * @param {Buffer} bytes
 * @returns {Promise<void>}
 */
function writeStream(bytes) {
  return new Promise((resolve, reject) => {
    // The callback gets the failure, too; without a listener it would also be thrown.
    process.stdout.once('error', reject);
    process.stdout.write(bytes, (failure) => {
      if (failure) {
        reject(failure);
        return;
      }
      process.stdout.removeListener('error', reject);
      resolve();
    });
  });
}

/**
 * @param {any} failure
 */
function unwritable(failure) {
  return new Failure(`can't write to standard output: ${failure.message}`, [], USAGE);
}

/** @returns {boolean} whether the reader of standard output has closed its pipe */
function readerHasLeft() {
  return isClosed;
}

/**
 * @param {any} value
 */
function printJson(value) {
  return print(JSON.stringify(value, undefined, 2));
}

module.exports = { print, printJson, readerHasLeft };
