'use strict';

/**
 * `diff` on a real engine.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { itemRow, markerRow } = require('../../support/data');
const { FAILED, FINDING, FINE, MISUSED, flag, run, useEngine } = require('./command');

const engine = useEngine();

const segment = (key, members) => ({ key, version: 1, included: [], ...members });

/** A table with two prefixes that differ in every way. */
const differing = () =>
  engine.tableWith([
    markerRow('a'),
    itemRow('a:features', flag('both')),
    itemRow('a:features', flag('content')),
    itemRow('a:features', flag('content-and-version')),
    itemRow('a:features', flag('deleted')),
    itemRow('a:features', flag('first')),
    itemRow('a:features', flag('unreadable'), { item: { S: '{' } }),
    itemRow('a:features', flag('version')),
    itemRow('a:segments', segment('s')),
    itemRow('b:features', { on: true, salt: null, version: 2, key: 'both' }),
    itemRow('b:features', flag('content', { on: false })),
    itemRow('b:features', flag('content-and-version', { on: false, version: 3 })),
    itemRow('b:features', { key: 'deleted', version: 9, deleted: true }),
    itemRow('b:features', { key: 'gone', version: 9, deleted: true }),
    itemRow('b:features', flag('second')),
    itemRow('b:features', flag('unreadable')),
    itemRow('b:features', flag('version', { version: 12 })),
    itemRow('b:segments', segment('s', { included: ['x'] })),
  ]);

const PREFIXES = ['--prefix', 'a', '--other-prefix', 'b'];

test('diff shows what differs', async () => {
  const table = await differing();
  const { code, stdout, stderr } = await engine.run('diff', table, table, ...PREFIXES);
  assert.deepStrictEqual([code, stderr], [FINDING, '']);
  const [verdict, places, list] = stdout.split('\n\n');
  assert.strictEqual(
    verdict,
    'They differ in 7 flags and 1 segment.\nThe first is initialised, the second is not.'
  );
  const [first] = places.replace(/\n(?=\()/g, ' ').split('\n');
  assert.match(first, /^First: the table "\S+" in \S+ \(http\S+\), under the prefix "a"\.$/);
  const lines = list.trimEnd().split('\n');
  assert.deepStrictEqual(
    lines.map((line) => line.split(/ {2,}/)),
    [
      ['kind', 'key', 'first', 'second', 'difference'],
      ['flag', 'content', '2', '2', 'content'],
      ['flag', 'content-and-version', '2', '3', 'version and content'],
      ['flag', 'deleted', '2', '-', 'only in the first'],
      ['flag', 'first', '2', '-', 'only in the first'],
      ['flag', 'second', '-', '2', 'only in the second'],
      ['flag', 'unreadable', '-', '2', "can't be read"],
      ['flag', 'version', '2', '12', 'version'],
      ['segment', 's', '1', '1', 'content'],
    ]
  );
});

test('diff prints JSON', async () => {
  const table = await differing();
  const { code, stdout } = await engine.run('diff', table, table, ...PREFIXES, '--json');
  assert.strictEqual(code, FINDING);
  const { equal, first, second, differences } = JSON.parse(stdout);
  assert.deepStrictEqual([equal, first.initialized, second.initialized], [false, true, false]);
  assert.deepStrictEqual([first.prefix, second.prefix], ['a', 'b']);
  assert.deepStrictEqual([first.table, first.endpoint], [table, engine.endpoint]);
  assert.deepStrictEqual(differences[1], {
    kind: 'flag',
    key: 'content-and-version',
    first: 2,
    second: 3,
    difference: 'version and content',
  });
  assert.strictEqual(differences.length, 8);
});

test('diff of two tables of equal content succeeds', async () => {
  const one = await engine.tableWith([
    markerRow('p'),
    itemRow('p:features', { key: '__proto__', version: 1, on: true, rules: [{ a: 1, b: 2 }] }),
    itemRow('p:features', { key: 'gone', version: 1, deleted: true }),
  ]);
  const other = await engine.tableWith([
    markerRow('p'),
    itemRow('p:features', { rules: [{ b: 2, a: 1.0 }], on: true, version: 1, key: '__proto__' }),
  ]);
  const args = ['diff', one, other, '--prefix', 'p'];
  const { code, stdout } = await engine.run(...args);
  assert.strictEqual(code, FINE, stdout);
  assert.match(stdout, /^They are equal: 1 flag and 0 segments\.\n\nFirst: the table /);
  const elsewhere = ['--region', 'eu-west-1', '--other-region', 'eu-north-1'];
  const json = await engine.run(...args, ...elsewhere, '--json');
  const { equal, first, second } = JSON.parse(json.stdout);
  assert.deepStrictEqual([equal, first.region, second.region], [true, 'eu-west-1', 'eu-north-1']);
  assert.strictEqual(second.table, other);
});

test('diff of a table with itself is an error', async () => {
  const table = await differing();
  const { code, stdout, stderr } = await engine.run('diff', table, table, '--prefix', 'a');
  assert.deepStrictEqual([code, stdout], [MISUSED, '']);
  assert.match(stderr, /^both are the same: pass --other-prefix, .*\n$/);
});

test('a failure of diff names the table that it is about', async () => {
  const table = await differing();
  const other = ['--endpoint', engine.endpoint, '--other-endpoint', 'http://127.0.0.1:1'];
  const unreachable = await run(['diff', table, 'other', ...other]);
  assert.strictEqual(unreachable.code, FAILED);
  assert.match(unreachable.stderr, /^table "other": .*; endpoint http:\/\/127\.0\.0\.1:1/);
  const missing = await engine.run('diff', table, 'no-such-table');
  assert.strictEqual(missing.code, FAILED);
  assert.match(missing.stderr, /^table "no-such-table": the table does not exist/);
});

test('diff compares the accounts of two profiles', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-diff-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'credentials');
  const profile = (name) =>
    `[${name}]\naws_access_key_id = ${name}\naws_secret_access_key = secret\n`;
  fs.writeFileSync(file, profile('one') + profile('two') + profile('one').replace('[one', '[same'));
  const env = {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_SHARED_CREDENTIALS_FILE: file,
  };
  const table = await differing();
  const args = ['diff', table, table, '--endpoint', engine.endpoint, '--profile', 'one'];
  const { code, stdout, stderr } = await run([...args, '--other-profile', 'two'], env);
  assert.strictEqual(code, FINE, stderr);
  const [, first, second] = stdout.replace(/\s+/g, ' ').split(/(?=First: |Second: )/);
  assert.match(first, /, without a prefix, with the profile "one"\. $/);
  assert.match(second, /, without a prefix, with the profile "two"\. $/);
  const json = JSON.parse((await run([...args, '--other-profile', 'two', '--json'], env)).stdout);
  assert.deepStrictEqual([json.first.profile, json.second.profile], ['one', 'two']);
  const same = await run([...args, '--other-profile', 'same'], env);
  assert.strictEqual(same.code, MISUSED, same.stdout);
});

test('diff says if nothing is initialised', async () => {
  const table = await engine.newTable();
  const { code, stdout } = await engine.run('diff', table, table, ...PREFIXES);
  assert.strictEqual(code, FINE);
  assert.match(stdout, /^They are equal: 0 flags and 0 segments\. Neither is initialised\.\n/);
});

test('a failure of the other table names its options', async () => {
  const table = await differing();
  const profile = await engine.run('diff', table, table, '--other-profile', 'nobody');
  assert.strictEqual(profile.code, FAILED);
  assert.match(profile.stderr, /the profile "nobody", which --other-profile names, /);
  const endpoint = await engine.run('diff', table, table, '--other-endpoint', 'http://127.0.0.1:1');
  assert.match(endpoint.stderr, /\. Check --other-endpoint, --other-region and the network/);
  const first = await run(['diff', table, table, '--endpoint', 'http://127.0.0.1:1', ...PREFIXES]);
  assert.match(first.stderr, /\. Check --endpoint, --region and the network/);
});
