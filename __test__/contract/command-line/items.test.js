'use strict';

/**
 * `list` and `get` on a real engine.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { itemRow, markerRow } = require('../../support/data');
const { startProxy } = require('../../support/engine-proxy');
const { answerWith, failure } = require('../../support/faults');
const { FINDING, FINE, flag, run, useEngine } = require('./command');

const engine = useEngine();

test('list shows the flags and segments of a prefix', async () => {
  const table = await engine.fullTable();
  const { code, stdout } = await engine.run('list', table);
  assert.strictEqual(code, FINE);
  const lines = stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 4));
  assert.deepStrictEqual(lines.slice(1, -1), [
    ['flag', 'a', '2', 'on'],
    ['flag', 'b', '2', 'off'],
    ['flag', 'gone', '7', 'deleted'],
    ['segment', 's', '1', '-'],
  ]);
  const staging = await engine.run('list', table, '--prefix', 'staging', '--json', '--kind=flags');
  const items = JSON.parse(staging.stdout);
  assert.deepStrictEqual(
    items.map(({ key }) => key),
    ['a', 'broken', 'large']
  );
  assert.match(items[1].unreadable, /its attribute "item"/);
});

test('list of a prefix without rows names those that are there', async () => {
  const table = await engine.fullTable();
  const none = await engine.run('list', table, '--prefix', 'nobody');
  assert.deepStrictEqual([none.code, none.stdout], [FINE, 'There are none.\n']);
  assert.match(
    none.stderr,
    /^There are rows without a prefix, under the prefix "eu:prod", under the prefix "staging": .*\n$/
  );
  assert.ok(none.stderr.includes(`: npx dynamodb-feature-store list ${table} --endpoint `));
  const json = await engine.run('list', table, '--prefix', 'nobody', '--json');
  assert.deepStrictEqual(json, { code: FINE, stdout: '[]\n', stderr: '' });
  const segments = await engine.run('list', table, '--prefix', 'staging', '--kind', 'segments');
  assert.match(segments.stderr, /^See what is there: npx .* list \S+ --prefix staging --endpoint /);
  const empty = await engine.run('list', await engine.newTable());
  assert.match(empty.stderr, /^No prefix has any rows\. /);
});

test('get prints an item as it is', async () => {
  const table = await engine.fullTable();
  const { code, stdout } = await engine.run('get', table, 'b');
  assert.deepStrictEqual([code, JSON.parse(stdout)], [FINE, flag('b', { on: false })]);
  const text = await engine.run('get', table, 'b', '--json');
  assert.strictEqual(text.stdout, `${JSON.stringify(flag('b', { on: false }))}\n`);
  const segment = await engine.run('get', table, 's', '--kind', 'segment');
  assert.strictEqual(JSON.parse(segment.stdout).key, 's');
  const other = await engine.run('get', table, 'a', '--prefix', 'staging');
  assert.strictEqual(JSON.parse(other.stdout).padding.length, 8192);
  const gone = await engine.run('get', table, 'gone');
  assert.deepStrictEqual(
    [gone.code, gone.stderr],
    [FINDING, 'The flag "gone" is deleted; this is its tombstone.\n']
  );
  const broken = await engine.run('get', table, 'broken', '--prefix', 'staging');
  assert.deepStrictEqual([broken.code, broken.stdout], [FINDING, '']);
  assert.match(broken.stderr, /^The row of the flag "broken" can't be read: /);
});

test('get of an item that is not there says where to look', async (t) => {
  const table = await engine.fullTable();
  const none = await engine.run('get', table, 'nobody');
  assert.deepStrictEqual([none.code, none.stdout], [FINDING, '']);
  assert.match(none.stderr, /^There is no flag "nobody" in the table "\S+"\. See what is there: /);
  const elsewhere = await engine.run('get', table, 'a', '--prefix', 'stagign');
  assert.strictEqual(elsewhere.code, FINDING);
  assert.match(elsewhere.stderr, /under the prefix "stagign"\. There are rows without a prefix, /);
  const proxy = await startProxy(engine.endpoint);
  t.after(() => proxy.close());
  proxy.intercept(answerWith(failure(400, 'AccessDeniedException'), 'Scan'));
  const args = ['get', table, 'nobody', '--endpoint', proxy.endpoint];
  const denied = await run(args);
  assert.strictEqual(denied.code, FINDING);
  assert.match(denied.stderr, /See which prefixes there are \(takes dynamodb:Scan\): npx /);
  proxy.reset();
  await run([...args, '--json']);
  assert.deepStrictEqual(Object.keys(proxy.requests), ['GetItem']);
});

test('what others have named is shown without what is not visible', async () => {
  const odd = 'a\u202e\u001b[31mb';
  const table = await engine.tableWith([
    markerRow(),
    itemRow('features', flag(odd)),
    itemRow(`${odd}:features`, flag('k', { padding: 'x'.repeat(390_000) })),
    itemRow(odd, flag('k')),
  ]);
  for (const args of [['list'], ['check'], ['list', '--prefix', 'nobody']]) {
    const { stdout, stderr } = await engine.run(args[0], table, ...args.slice(1));
    const text = stdout + stderr;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
    assert.match(text, /u\{?202e/);
  }
});
