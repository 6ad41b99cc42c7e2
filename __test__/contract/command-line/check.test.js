'use strict';

/**
 * `check` on a real engine.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { DynamoDBFeatureStore } = require('../../..');
const { itemRow, markerRow } = require('../../support/data');
const { startProxy } = require('../../support/engine-proxy');
const { answerWith, failure } = require('../../support/faults');
const { PATIENT, promised } = require('../../support/wait');
const { FAILED, FINDING, FINE, flag, run, useEngine } = require('./command');

const engine = useEngine();

const row = (...cells) => new RegExp(`^ +${cells.join(' +')}$`, 'm');
const unwrapped = (text) => text.replace(/\n */g, ' ');
const firstLine = (text) => text.split('\n')[0];

test('check describes all that is in a table', async () => {
  const table = await engine.fullTable();
  const { code, stdout, stderr } = await engine.run('check', table);
  assert.deepStrictEqual([code, stderr], [FINDING, '']);
  assert.match(stdout, row('table', table));
  assert.match(stdout, row('region', 'eu-west-1'));
  assert.match(stdout, row('endpoint', engine.endpoint));
  assert.match(stdout, /namespace \(HASH, S\), key \(RANGE, S\): right/);
  assert.match(stdout, row('\\(none\\)', 'yes', '2', '1', '1', '\\d+', '-'));
  assert.match(stdout, row('eu:prod', 'yes', '0', '0', '0', '0', '1 context'));
  assert.match(stdout, row('staging', 'no', '2', '0', '0', '398,\\d+', '-'));
  assert.match(stdout, row('\\(none\\)', '1', '3', '4'));
  assert.match(stdout, row('staging', '49.5', '100', '\\d+'));
  assert.match(stdout, row('1 row in "cache"'));
  const text = unwrapped(stdout);
  assert.match(text, /the flag "broken" under the prefix "staging" can't be read: its att/);
  assert.match(text, /the flag "large" under the prefix "staging" has 97% of the size limit/);
});

test('what check has to say comes first, and what to do comes last', async () => {
  const table = await engine.fullTable();
  const { stdout } = await engine.run('check', table);
  const [verdict, , ...others] = stdout.split('\n\n');
  assert.deepStrictEqual(verdict.split('\n'), [
    'What is under the prefix "staging" was never initialised, or is being just now.',
    '1 row under the prefix "staging" can\'t be read.',
    '1 row under the prefix "staging" is near or over the size limit.',
  ]);
  const next = others[others.length - 1];
  assert.match(next, /^Next$/m);
  assert.match(next, new RegExp(`npx dynamodb-feature-store check ${table} --endpoint http:`));
  assert.match(next, /Correct or delete rows that can't be read;/);
  assert.match(next, /Make large items smaller/);
});

test('no line of the report is longer than 80 columns', async () => {
  for (const table of [await engine.fullTable(), await engine.newTable(['id', 'sort'])]) {
    const { stdout } = await engine.run('check', table);
    // The names of tests' tables are long, and commands are not broken.
    const long = stdout.split('\n').filter((line) => line.length > 80 && !/ npx /.test(line));
    assert.deepStrictEqual(long, []);
  }
});

test('check prints the same as JSON, without the access key', async () => {
  const table = await engine.fullTable();
  const env = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' };
  const args = ['check', table, '--json', '--endpoint', engine.endpoint];
  const { code, stdout } = await run(args, env);
  const { caller, content, description, problems, steps } = JSON.parse(stdout);
  assert.strictEqual(code, FINDING);
  const { endpoint } = engine;
  assert.deepStrictEqual(caller, { region: 'eu-west-1', endpoint, accessKeyId: 'AKIA…MPLE' });
  assert.strictEqual(description.hasRightKeys, true);
  assert.deepStrictEqual([problems.length, steps.length], [3, 3]);
  assert.deepStrictEqual(
    content.prefixes.map(({ prefix, flags, segments, tombstones }) => [
      prefix,
      flags,
      segments,
      tombstones,
    ]),
    [
      ['', 2, 1, 1],
      ['eu:prod', 0, 0, 0],
      ['staging', 2, 0, 0],
    ]
  );
  assert.deepStrictEqual(content.others, [{ namespace: 'cache', rows: 1 }]);
});

test('the units that check reports are those that a store uses', async () => {
  const table = await engine.newTable();
  const data = (version) => ({
    features: { a: { key: 'a', version, x: 'x'.repeat(5000) }, b: { key: 'b', version } },
    segments: { s: { key: 's', version, x: 'x'.repeat(9000) } },
  });
  const options = { clientOptions: { endpoint: engine.endpoint }, ...PATIENT };
  const used = async (use, more) => {
    const value = DynamoDBFeatureStore(table, { ...options, ...more });
    const store = promised(value);
    await use(store);
    const { readUnits, writeUnits } = value.stats();
    await value.close();
    return { readUnits, writeUnits };
  };
  await used((store) => store.init(data(1)));
  const { stdout } = await engine.run('check', table, '--json');
  const [{ init, preload }] = JSON.parse(stdout).content.prefixes;
  assert.deepStrictEqual(await used((store) => store.init(data(2))), init);
  const read = await used(async (store) => {
    await store.all({ namespace: 'features' });
    await store.all({ namespace: 'segments' });
  });
  assert.strictEqual(read.readUnits, preload.readUnits);
});

test('check of one prefix reads nothing else', async () => {
  const table = await engine.fullTable();
  const { code, stdout } = await engine.run('check', table, '--prefix=', '--json');
  const { content, problems } = JSON.parse(stdout);
  assert.deepStrictEqual([code, problems], [FINE, []]);
  assert.deepStrictEqual(
    content.prefixes.map(({ prefix, initialized }) => [prefix, initialized]),
    [['', true]]
  );
});

test('check of a prefix without rows names those that are there', async () => {
  const table = await engine.fullTable();
  const { code, stdout } = await engine.run('check', table, '--prefix', 'nobody');
  assert.strictEqual(code, FINDING);
  const text = unwrapped(stdout);
  assert.match(text, /^There are no flags in the table "test-\w+" under the prefix "nobody"\./);
  assert.match(
    text,
    /There are rows without a prefix, under the prefix "eu:prod", under the prefix "staging":/
  );
});

test('check of a table in which all is well says how to use it', async () => {
  const table = await engine.tableWith([markerRow(), itemRow('features', flag('a'))]);
  const { code, stdout } = await engine.run('check', table);
  assert.strictEqual(code, FINE);
  assert.strictEqual(firstLine(stdout), `All is well: stores can use the table "${table}".`);
  assert.ok(unwrapped(stdout).includes(`DynamoDBFeatureStore("${table}")`), stdout);
});

test('check of an empty table says that nobody has written to it', async () => {
  const { code, stdout } = await engine.run('check', await engine.newTable());
  assert.strictEqual(code, FINDING);
  assert.doesNotMatch(stdout, /initialised/);
  assert.match(stdout, /^There are no flags in the table/);
  assert.match(stdout, /Start a process whose SDK connects to LaunchDarkly/);
});

test('check of a table with more than a page of rows reads them all', async () => {
  const padding = 'x'.repeat(10_000);
  const rows = Array.from({ length: 250 }, (_, i) =>
    itemRow('features', flag(`f${i}`, { padding }))
  );
  const table = await engine.tableWith([...rows, markerRow()]);
  for (const options of [[], ['--prefix', '']]) {
    const { code, stdout } = await engine.run('check', table, '--json', ...options);
    assert.strictEqual(code, FINE);
    assert.strictEqual(JSON.parse(stdout).content.prefixes[0].flags, 250);
  }
  const { stdout } = await engine.run('list', table, '--json');
  assert.strictEqual(JSON.parse(stdout).length, 250);
  const none = await engine.run('list', table, '--prefix', 'nobody');
  assert.match(
    none.stderr,
    /^There are rows without a prefix, and elsewhere: .*\. See all prefixes: /
  );
});

test('check of a table with other keys says which it needs', async () => {
  const { code, stdout } = await engine.run('check', await engine.newTable(['id', 'sort']));
  assert.strictEqual(code, FAILED);
  const text = unwrapped(stdout);
  assert.match(text, /id \(HASH, S\), sort \(RANGE, S\): wrong/);
  assert.match(text, /stores need the partition key "namespace" and the sort key "key"/);
  assert.match(text, /npx dynamodb-feature-store create-table NEW_NAME --endpoint /);
});

test('check does without what the policy for reading does not allow', async (t) => {
  const table = await engine.fullTable();
  const proxy = await startProxy(engine.endpoint);
  t.after(() => proxy.close());
  const through = (...args) => run([...args, '--endpoint', proxy.endpoint]);
  proxy.intercept(answerWith(failure(400, 'AccessDeniedException'), 'DescribeTable', 'Scan'));
  const whole = await through('check', table);
  assert.strictEqual(whole.code, FAILED);
  assert.match(
    whole.stderr,
    /AccessDeniedException.*with --prefix, dynamodb:Query takes its place\n$/
  );
  const one = await through('check', table, '--prefix', '');
  assert.deepStrictEqual([one.code, one.stderr], [FINE, '']);
  assert.match(one.stdout, row('status', 'takes dynamodb:DescribeTable'));
  assert.match(one.stdout, /^All is well: /);
  const none = await through('check', table, '--prefix', 'nobody');
  assert.match(none.stdout, /See which prefixes there are \(takes dynamodb:Scan\):\n/);
});
