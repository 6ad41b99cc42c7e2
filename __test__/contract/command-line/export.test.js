'use strict';

/**
 * `export` on a real engine.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { itemRow, largeDataSet, markerRow } = require('../../support/data');
const {
  FINDING,
  FINE,
  MISUSED,
  flag,
  noTerminal,
  runShell,
  shellCommand,
  useEngine,
} = require('./command');

const engine = useEngine();

/** A name for a file in a new folder. */
function fileIn(t, name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-export-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return path.join(folder, name);
}

const textRow = (key, text) => itemRow('features', { key, version: 1 }, { item: { S: text } });

test('export writes a flag file without tombstones, with sorted keys', async () => {
  const table = await engine.fullTable();
  const { code, stdout, stderr } = await engine.run('export', table);
  assert.deepStrictEqual([code, stderr], [FINE, '']);
  const expected = {
    flags: { a: flag('a'), b: flag('b', { on: false }) },
    segments: { s: { key: 's', version: 1, included: [] } },
  };
  assert.strictEqual(stdout, `${JSON.stringify(expected, undefined, 2)}\n`);
});

test('export passes the text of items through without loss', async () => {
  const protoText = '{"key":"__proto__","version":1,"__proto__":{"__proto__":1}}';
  const rows = [
    textRow(
      'b',
      '{"key":"b","version":1,"variations":[9007199254740993,1.0,-0,1E400,"\\ud800 \\u00e9"]}'
    ),
    textRow('a', '{ "version":1,\n"key":"a", "z":{"y":[ ], "x":"\\"}{:,"}}'),
    textRow('__proto__', protoText),
  ];
  const table = await engine.tableWith([markerRow(), ...rows]);
  const { stdout } = await engine.run('export', table);
  assert.ok(
    stdout.includes('9007199254740993,\n        1.0,\n        -0,\n        1E400,'),
    stdout
  );
  assert.ok(stdout.includes('"\\ud800 \\u00e9"'), stdout);
  assert.ok(stdout.includes('"x": "\\"}{:,"'), stdout);
  const { flags } = JSON.parse(stdout);
  assert.deepStrictEqual(Object.keys(flags), ['__proto__', 'a', 'b']);
  assert.deepStrictEqual(Object.values(flags)[0], JSON.parse(protoText));
  assert.deepStrictEqual(Object.keys(flags.a), ['version', 'key', 'z']);
});

test('export writes to a file, and says how much', async (t) => {
  const data = largeDataSet({ flags: 1000, segments: 50 });
  const rows = Object.entries(data).flatMap(([kind, items]) =>
    Object.values(items).map((item) => itemRow(`p:${kind}`, item))
  );
  const table = await engine.tableWith([markerRow('p'), ...rows]);
  const file = fileIn(t, 'flags.json');
  const { code, stdout, stderr } = await engine.run('export', table, '--prefix', 'p', '-o', file);
  const text = `1,000 flags and 50 segments are in the file ${JSON.stringify(file)}.`;
  assert.deepStrictEqual([code, stdout.replace(/\n/g, ' '), stderr], [FINE, `${text} `, '']);
  const { flags, segments } = JSON.parse(fs.readFileSync(file, 'utf8'));
  assert.deepStrictEqual({ features: flags, segments }, data);
});

test('export names the rows that it leaves out', async () => {
  const table = await engine.fullTable();
  const { code, stdout, stderr } = await engine.run('export', table, '--prefix', 'staging');
  assert.strictEqual(code, FINDING);
  assert.deepStrictEqual(Object.keys(JSON.parse(stdout).flags), ['a', 'large']);
  assert.match(stderr, /^The flag "broken" is left out: it can't be read: its attribute .*\n$/);
});

test('export of nothing writes no file, and says where there is something', async (t) => {
  const table = await engine.fullTable();
  const file = fileIn(t, 'flags.json');
  const args = ['export', table, '--prefix', 'stagign', '--output', file];
  const { code, stdout, stderr } = await engine.run(...args);
  assert.deepStrictEqual([code, stdout, fs.existsSync(file)], [FINDING, '', false]);
  assert.match(stderr, /^There are no flags in the table "\S+" under the prefix "stagign"\. /);
  assert.match(stderr, /There are rows without a prefix, .*npx .* list \S+ --endpoint /);
});

test('a file that export can not write is an error in one line', async (t) => {
  const table = await engine.fullTable();
  const file = path.join(fileIn(t, 'no-such-folder'), 'flags.json');
  const { code, stdout, stderr } = await engine.run('export', table, '-o', file);
  assert.deepStrictEqual([code, stdout], [MISUSED, '']);
  assert.match(stderr, /^can't write the file ".*flags\.json": ENOENT.*\n$/);
});

test('export replaces a file only by a whole one', { skip: noTerminal }, async (t) => {
  const table = await engine.fullTable();
  const file = fileIn(t, 'flags.json');
  fs.writeFileSync(file, 'the last export', { mode: 0o640 });
  const link = path.join(path.dirname(file), 'link.json');
  fs.symlinkSync(file, link);
  const command = (...args) =>
    shellCommand(['export', table, '--endpoint', engine.endpoint, ...args]);
  // The shell's limit stands for a disk that is full. A signal would end the process otherwise.
  const failed = await runShell(
    `trap '' XFSZ; ulimit -f 1; ${command('--prefix', 'staging', '-o', link)}`
  );
  assert.strictEqual(failed.code, MISUSED, failed.stderr);
  assert.match(failed.stderr, /can't write the file ".*link\.json": EFBIG/);
  assert.strictEqual(fs.readFileSync(file, 'utf8'), 'the last export');
  assert.deepStrictEqual(fs.readdirSync(path.dirname(file)).sort(), ['flags.json', 'link.json']);
  const written = await runShell(command('-o', link));
  assert.strictEqual(written.code, FINE, written.stderr);
  assert.ok(JSON.parse(fs.readFileSync(file, 'utf8')).flags.a);
  assert.ok(fs.lstatSync(link).isSymbolicLink());
  assert.strictEqual(fs.statSync(file).mode & 0o777, 0o640);
  assert.deepStrictEqual(fs.readdirSync(path.dirname(file)).sort(), ['flags.json', 'link.json']);
});

test('export writes to devices and pipes as they are', { skip: noTerminal }, async () => {
  const table = await engine.fullTable();
  const args = ['export', table, '--endpoint', engine.endpoint, '-o', '/dev/stdout'];
  const { code, stdout, stderr } = await runShell(`${shellCommand(args)} | cat`);
  assert.strictEqual(code, FINE, stderr);
  assert.deepStrictEqual(
    Object.keys(JSON.parse(stdout.slice(0, stdout.lastIndexOf('}') + 1)).flags),
    ['a', 'b']
  );
});

test('export gives items the key and the version of their rows, which count for readers', async (t) => {
  const table = await engine.tableWith([
    markerRow('odd'),
    ...[
      ['another-key', 4, '{"key":"x","version":4,"n":1.0}'],
      ['another-version', 4, '{"key":"another-version","version":9,"on":true}'],
      ['no-key', 4, '{"version":4,"on":true}'],
      ['no-version', 4, '{ "key":"no-version" , "n": 9007199254740993}'],
      ['nothing', 4, '{}'],
      ['twice', 4, '{"key":"twice","version":4,"version":5}'],
    ].map(([key, version, text]) =>
      itemRow('odd:features', { key, version }, { item: { S: text } })
    ),
  ]);
  const file = fileIn(t, 'flags.json');
  const exported = await engine.run('export', table, '--prefix', 'odd', '-o', file);
  assert.strictEqual(exported.code, FINDING, exported.stderr);
  assert.match(
    exported.stderr,
    /^The flag "twice" is left out: .*: .*the member "version" is there twice\n$/
  );
  const text = fs.readFileSync(file, 'utf8');
  assert.deepStrictEqual(JSON.parse(text).flags, {
    'another-key': { key: 'another-key', version: 4, n: 1 },
    'another-version': { key: 'another-version', version: 4, on: true },
    'no-key': { key: 'no-key', version: 4, on: true },
    // biome-ignore lint/correctness/noPrecisionLoss: the text has all digits, as the next line asserts
    'no-version': { key: 'no-version', version: 4, n: 9007199254740993 },
    nothing: { key: 'nothing', version: 4 },
  });
  assert.match(text, /"n": 1\.0\n[\s\S]*"n": 9007199254740993,?\n/);
  const imported = await engine.run('import', table, file, '--prefix', 'copy');
  assert.strictEqual(imported.code, FINE, imported.stderr);
});
