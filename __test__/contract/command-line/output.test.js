'use strict';

/**
 * Where the output goes: terminals, pipes, and disks that are full.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { itemRow, markerRow } = require('../../support/data');
const {
  FINDING,
  FINE,
  MISUSED,
  flag,
  noTerminal,
  run,
  runOnTerminal,
  runShell,
  shellCommand,
  useEngine,
} = require('./command');

const engine = useEngine();

const noDevice = fs.existsSync('/dev/full') ? false : 'there is no /dev/full';
const noShell = process.platform === 'win32' ? 'there is no sh' : false;

/** A table whose list is longer than any buffer. */
function longTable() {
  const rows = Array.from({ length: 3000 }, (_, i) => itemRow('features', flag(`flag-${i}`)));
  return engine.tableWith([markerRow(), ...rows]);
}

/** The commands that print something, for a table with the flag `a`. */
const commandsOn = (table) => [
  ['--help'],
  ['version'],
  ['check', table],
  ['check', table, '--json'],
  ['list', table],
  ['list', table, '--json'],
  ['get', table, 'a'],
  ['export', table],
  ['diff', table, table, '--other-prefix', 'none'],
  ['create-table', table, '--if-not-exists'],
];

test('on a full disk, every command fails with one line', { skip: noDevice }, async () => {
  const table = await engine.tableWith([markerRow(), itemRow('features', flag('a'))]);
  const env = { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint };
  for (const args of commandsOn(table)) {
    const { code, stderr } = await runShell(`${shellCommand(args)} > /dev/full`, env);
    assert.strictEqual(code, MISUSED, args.join(' '));
    assert.match(stderr, /^can't write to standard output: ENOSPC.*\n$/);
  }
});

test('a file that can take a part of the output is a failure', { skip: noShell }, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-output-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const args = ['list', await longTable(), '--endpoint', engine.endpoint];
  const file = path.join(folder, 'list');
  const whole = await runShell(`${shellCommand(args)} > ${file}`);
  assert.deepStrictEqual(whole, { code: FINE, stdout: '', stderr: '' });
  const { size } = fs.statSync(file);
  // Blocks of 512 or 1,024 bytes.
  const part = await runShell(`ulimit -f 32; ${shellCommand(args)} > ${file}`);
  assert.strictEqual(part.code, MISUSED, part.stderr);
  assert.match(part.stderr, /^can't write to standard output: .*\n$/);
  assert.ok(fs.statSync(file).size < size);
});

test('a closed pipe is no failure', { skip: noShell }, async () => {
  const args = ['list', await longTable(), '--endpoint', engine.endpoint];
  const { code, stdout, stderr } = await runShell(
    `{ ${shellCommand(args)}; echo $? >&2; } | head -1`
  );
  assert.deepStrictEqual([code, stderr], [FINE, '0\n']);
  assert.match(stdout, /^kind +key +version +state +bytes\n$/);
});

test('a pipe gets all of the output', { skip: noShell }, async () => {
  const args = ['list', await longTable(), '--endpoint', engine.endpoint];
  const { stdout } = await runShell(`${shellCommand(args)} | { sleep 1; wc -l; }`);
  assert.strictEqual(Number(stdout), 3001);
});

/** A text without its colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
const plain = (text) => text.replace(/\u001b\[[\d;]+m/g, '');

test('a terminal shows marks and colours', { skip: noTerminal }, async () => {
  const table = await engine.tableWith([markerRow(), itemRow('features', flag('a'))]);
  const on = ['--endpoint', engine.endpoint];
  const good = await runOnTerminal(['check', table, ...on]);
  assert.strictEqual(good.code, FINE);
  assert.notStrictEqual(good.text, plain(good.text));
  const verdict = `✓ All is well: stores can use the table "${table}".\n`;
  assert.ok(plain(good.text).startsWith(verdict), good.text);
  const bad = await runOnTerminal(['check', await engine.newTable(), ...on]);
  assert.strictEqual(bad.code, FINDING);
  assert.match(plain(bad.text), /^✗ There are no flags in the table/m);
  const missing = await runOnTerminal(['list', 'no-such-table', ...on]);
  const lines = plain(missing.text).split('\n');
  assert.match(lines[0], /^✗ table "no-such-table": the table does not exist/);
  assert.ok(lines.includes('Next'), missing.text);
  assert.deepStrictEqual(
    lines.filter((line) => line.length > 80 && !/ npx /.test(line)),
    []
  );
});

test('colours can be turned off, and pipes have none', { skip: noTerminal }, async () => {
  const table = await engine.newTable();
  const args = ['check', table, '--endpoint', engine.endpoint];
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    const { text } = await runOnTerminal(args, env);
    assert.strictEqual(text, plain(text));
    assert.match(text, /✗ There are no flags/);
  }
  const { stdout } = await run(args, { FORCE_COLOR: '1' });
  assert.strictEqual(stdout, plain(stdout));
  assert.match(stdout, /^There are no flags/);
});
