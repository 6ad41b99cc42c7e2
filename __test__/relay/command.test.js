'use strict';

/** `npm run test:relay` where there is no Relay Proxy. */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

const ROOT = path.join(__dirname, '..', '..');
const NEEDED = "RELAY must name LaunchDarkly's Relay Proxy";

for (const [what, program, missing] of [
  ['is not set', undefined, 'it is not set'],
  ['is empty', '', 'it is not set'],
  ['names no program', '/no/such/program', '"/no/such/program" does not run'],
]) {
  test(`the command says in one line that RELAY ${what}`, () => {
    const { RELAY, ...env } = process.env;
    if (program !== undefined) env.RELAY = program;
    const options = { cwd: ROOT, env, encoding: /** @type {const} */ ('utf8') };
    const run = spawnSync('npm', ['run', '--silent', 'test:relay'], options);
    const { status, stdout, stderr } = run;
    const line = `${NEEDED}, but ${missing}; CONTRIBUTING.md says where to get it\n`;
    assert.deepStrictEqual({ status, stdout, stderr }, { status: 2, stdout: '', stderr: line });
  });
}
