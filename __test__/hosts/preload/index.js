'use strict';

/**
 * The library in guard.c, compiled.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after } = require('node:test');

/** Why the library can't be used here, or false. In CI with glibc it has to be. */
const SKIP = reasonToSkip();

function reasonToSkip() {
  if (process.platform !== 'linux') return 'preloading is for Linux';
  const { header } = /** @type {any} */ (process.report.getReport());
  if (!header.glibcVersionRuntime) return 'another C library than glibc shows no stack';
  if (process.env.CI !== 'true' && spawnSync('cc', ['--version']).error) return 'there is no cc';
  return false;
}

const library = SKIP ? '' : compile();

/** @returns {string} the library's path */
function compile() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-guard-'));
  after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'guard.so');
  const source = path.join(__dirname, 'guard.c');
  const args = ['-Wall', '-Werror', '-shared', '-fPIC', '-O1', '-o', file, source, '-ldl'];
  const { status, error, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc failed: ${error || stderr}`);
  return file;
}

/**
 * @param {any} t the test, at whose end the switches are removed
 * @returns {Record<string, string>} the environment of a process with the library, all switches off
 */
function guarded(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-switches-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return { LD_PRELOAD: library, GUARD_SWITCHES: folder };
}

module.exports = { SKIP, guarded };
