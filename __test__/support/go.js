'use strict';

/**
 * Programs in Go that tests need. Each folder has its own module.
 */

const { spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const { Unavailable } = require('./unavailable');

const PROGRAMS = path.join(__dirname, '..', '..', 'target', 'go');
/** The minor version of Go 1 that the modules need. */
const OLDEST_GO = 21;
/** A build changes no version, and downloads no other Go. */
const SETTINGS = { GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local', GOWORK: 'off' };

/**
 * Builds the program of a folder, unless there is one of the same sources. If several processes do so at once, the
 * last one wins.
 *
 * @param {string} folder
 * @returns {string} the path of the program
 * @throws {Unavailable}
 */
function buildGo(folder) {
  const compiler = version();
  const program = path.join(PROGRAMS, hashOf(folder, compiler), 'program');
  if (fs.existsSync(program)) return program;
  console.log(`Building ${path.relative(process.cwd(), folder)} with ${compiler}`);
  const download = go(folder, 'mod', 'download');
  if (download.status !== 0) {
    throw new Unavailable(`the Go modules are missing: ${lastLine(download.stderr)}`);
  }
  fs.mkdirSync(path.dirname(program), { recursive: true });
  // Nobody starts a program that is half written.
  const building = `${program}.${process.pid}`;
  const { status, stderr } = go(folder, 'build', '-buildvcs=false', '-o', building, '.');
  if (status !== 0) throw new Error(`go build failed in ${folder}: ${stderr}`);
  fs.renameSync(building, program);
  return program;
}

/** @returns {string} such as go1.21.13 */
function version() {
  const { status, stdout } = go(__dirname, 'env', 'GOVERSION');
  if (status !== 0) throw new Unavailable('Go is missing');
  const found = stdout.trim();
  const [, minor] = /^go1\.(\d+)/.exec(found) ?? [];
  if (Number(minor) >= OLDEST_GO) return found;
  throw new Unavailable(`${found} is older than Go 1.${OLDEST_GO}`);
}

function hashOf(folder, compiler) {
  const hash = crypto.createHash('sha256').update(compiler);
  for (const name of fs.readdirSync(folder).sort()) {
    hash.update(name).update(fs.readFileSync(path.join(folder, name)));
  }
  return hash.digest('hex');
}

function go(folder, ...args) {
  const env = { ...process.env, ...SETTINGS };
  return spawnSync('go', args, { cwd: folder, env, encoding: 'utf8' });
}

function lastLine(text) {
  return text.trim().split('\n').pop();
}

module.exports = { buildGo };
