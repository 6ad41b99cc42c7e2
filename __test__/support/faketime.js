'use strict';

/**
 * A wall clock that a test sets for another process. Requires libfaketime (the package `faketime` of Debian and
 * Ubuntu).
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const LIBRARY = 'libfaketime.so.1';

/** @returns {string | undefined} the path of the library; `undefined` if it is not installed */
function findLibrary() {
  const folders = [`/usr/lib/${multiarch()}/faketime`, '/usr/lib64/faketime', '/usr/lib/faketime'];
  const known = folders.map((folder) => path.join(folder, LIBRARY)).find(fs.existsSync);
  if (known) return known;
  const { stdout } = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' });
  const line = (stdout || '').split('\n').find((entry) => entry.includes(LIBRARY));
  return line?.split(' => ')[1]?.trim();
}

/** Returns Debian's name for this machine's architecture. */
function multiarch() {
  return `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
}

/**
 * @param {string} library
 * @returns a clock that is correct until it is set, and the environment for processes that use it
 */
function makeClock(library) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'clock-'));
  const file = path.join(folder, 'offset');
  /**
   * @param {number} seconds how far the clock is ahead of the true time
   */
  const setAhead = (seconds) => {
    const next = path.join(folder, 'next');
    fs.writeFileSync(next, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    // Renames the file, so that a concurrent reader never sees a part of it.
    fs.renameSync(next, file);
  };
  setAhead(0);
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  return { env, setAhead, remove: () => fs.rmSync(folder, { recursive: true }) };
}

module.exports = { findLibrary, makeClock };
