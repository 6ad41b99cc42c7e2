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
const { FINDING, FINE, MISUSED, flag, useEngine } = require('./command');

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
