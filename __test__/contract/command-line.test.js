'use strict';

/**
 * `npx dynamodb-feature-store` on a real engine.
 */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { version } = require('../../package.json');
const { membershipRow, metadataRow } = require('../support/big-segments');
const { itemRow, markerRow } = require('../support/data');
const dynamodb = require('../support/dynamodb');
const { startEngine } = require('../support/engine');
const { startProxy } = require('../support/engine-proxy');
const { AWS_ENVIRONMENT } = require('../support/environment');
const { answerWith, failure } = require('../support/faults');

const PROGRAM = path.join(__dirname, '..', '..', 'bin', 'dynamodb-feature-store.js');
/** Only a guard against hanging. */
const GUARD_MS = 300_000;
const FINE = 0;
const FAILED = 1;
const MISUSED = 2;
const AMISS = 3;

let endpoint;
let stop;
const tables = [];

before(async () => {
  const engine = await startEngine();
  ({ endpoint } = engine);
  stop = () => engine.close();
});

after(async () => {
  for (const table of tables) await dynamodb.deleteTable(endpoint, table);
  await stop();
});

/**
 * @param {string[]} args
 * @param {Record<string, string | undefined>} [env]
 * @returns {Promise<{code: number, stdout: string, stderr: string}>}
 */
function run(args, env = {}) {
  const all = { ...process.env, ...AWS_ENVIRONMENT, ...env };
  const variables = Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined)
  );
  delete variables.NODE_TEST_CONTEXT;
  return new Promise((resolve) => {
    const options = { env: variables, timeout: GUARD_MS, cwd: os.tmpdir() };
    execFile(process.execPath, [PROGRAM, ...args], options, (failure, stdout, stderr) => {
      const code = failure ? /** @type {any} */ (failure).code : FINE;
      resolve({ code, stdout, stderr });
    });
  });
}

/** The same on the engine. */
function runHere(...args) {
  return run([...args, '--endpoint', endpoint]);
}

async function newTable(keys) {
  const table = await dynamodb.createTable(endpoint, keys);
  tables.push(table);
  return table;
}

const flag = (key, members) => ({ key, version: 2, on: true, ...members });

/** A table with two prefixes and everything that is worth telling. */
async function fullTable() {
  const table = await newTable();
  await dynamodb.putRows(endpoint, table, [
    markerRow(),
    itemRow('features', flag('a')),
    itemRow('features', flag('b', { on: false })),
    itemRow('features', { key: 'gone', version: 7, deleted: true }),
    itemRow('segments', { key: 's', version: 1, included: [] }),
    itemRow('staging:features', flag('a', { padding: 'x'.repeat(8192) })),
    itemRow('staging:features', flag('broken'), { item: { S: 'no JSON' } }),
    itemRow('staging:features', flag('large', { padding: 'x'.repeat(390_000) })),
    markerRow('eu:prod'),
    metadataRow(1_700_000_000_000, 'eu:prod'),
    membershipRow('hash', { included: ['big.g1'] }, 'eu:prod'),
    { namespace: { S: 'cache' }, key: { S: 'k' }, item: { B: 'AAAA' } },
  ]);
  return table;
}

test('check describes all that is in a table', async () => {
  const table = await fullTable();
  const { code, stdout, stderr } = await runHere('check', table);
  assert.deepStrictEqual([code, stderr], [AMISS, '']);
  const row = (...cells) => new RegExp(`^${cells.join(' +')}`, 'm');
  assert.match(stdout, row('table', table));
  assert.match(stdout, row('region', 'eu-west-1'));
  assert.match(stdout, /namespace \(HASH, S\), key \(RANGE, S\): right/);
  assert.match(stdout, row('\\(none\\)', 'yes', '2', '1', '1', '\\d+', '1 read unit', '-'));
  assert.match(stdout, row('eu:prod', 'yes', '0', '0', '0', '0', '0 read units', '1 context'));
  assert.match(stdout, row('staging', 'no', '2', '0', '0', '398,\\d+', '49 read units', '-'));
  assert.match(stdout, /^1 row in "cache", of another program$/m);
  assert.match(stdout, /^"broken" in "staging:features" can't be read: its attribute "item" /m);
  assert.match(stdout, /^"large" in "staging:features" takes 390,\d+ bytes, 97% of /m);
  assert.match(stdout, /^What is under the prefix "staging" was never initialised/m);
  assert.match(stdout, /^1 row under the prefix "staging" can't be read\.$/m);
});

test('check prints the same as JSON', async () => {
  const table = await fullTable();
  const { code, stdout } = await runHere('check', table, '--json');
  const { caller, content, description, problems } = JSON.parse(stdout);
  assert.strictEqual(code, AMISS);
  assert.deepStrictEqual(caller, { region: 'eu-west-1', accessKeyId: 'test' });
  assert.strictEqual(description.hasRightKeys, true);
  assert.strictEqual(problems.length, 3);
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

test('check of one prefix reads nothing else', async () => {
  const table = await fullTable();
  const { code, stdout } = await runHere('check', table, '--prefix=', '--json');
  const { content, problems } = JSON.parse(stdout);
  assert.deepStrictEqual([code, problems], [FINE, []]);
  assert.deepStrictEqual(
    content.prefixes.map(({ prefix, initialized }) => [prefix, initialized]),
    [['', true]]
  );
  const missing = await runHere('check', table, '--prefix', 'nobody');
  assert.strictEqual(missing.code, AMISS);
  assert.match(missing.stdout, /^There are no flags under the prefix "nobody": /m);
});

test('check of an empty table says that nobody has written to it', async () => {
  const { code, stdout } = await runHere('check', await newTable());
  assert.strictEqual(code, AMISS);
  assert.doesNotMatch(stdout, /initialised/);
  assert.match(stdout, /^There are no flags: no SDK and no Relay Proxy has written any yet/m);
});

test('check of a table with more than a page of rows reads them all', async () => {
  const table = await newTable();
  const padding = 'x'.repeat(10_000);
  const rows = Array.from({ length: 250 }, (_, i) =>
    itemRow('features', flag(`f${i}`, { padding }))
  );
  await dynamodb.putRows(endpoint, table, [...rows, markerRow()]);
  for (const options of [[], ['--prefix', '']]) {
    const { code, stdout } = await runHere('check', table, '--json', ...options);
    assert.strictEqual(code, FINE);
    assert.strictEqual(JSON.parse(stdout).content.prefixes[0].flags, 250);
  }
  const { stdout } = await runHere('list', table, '--json');
  assert.strictEqual(JSON.parse(stdout).length, 250);
});

test('check of a table with other keys says which it needs', async () => {
  const { code, stdout } = await runHere('check', await newTable(['id', 'sort']));
  assert.strictEqual(code, FAILED);
  assert.match(stdout, /id \(HASH, S\), sort \(RANGE, S\): wrong/);
  assert.match(stdout, /stores need the partition key "namespace" and the sort key "key"/);
});

for (const args of [['check'], ['list'], ['get', 'key']]) {
  const [command, ...more] = args;
  test(`${command} of a table that is not there fails in one line`, async () => {
    const { code, stdout, stderr } = await runHere(command, 'no-such-table', ...more);
    assert.deepStrictEqual([code, stdout], [FAILED, '']);
    assert.match(stderr, /^table "no-such-table": the table does not exist.*\n$/);
  });
}

test('without credentials, a region or a service it fails in one line', async () => {
  const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
  const nobody = await run(['check', 'table', '--endpoint', endpoint], none);
  assert.strictEqual(nobody.code, FAILED);
  assert.match(nobody.stderr, /^table "table": no AWS credentials could be (had|found).*\n$/);
  const nowhere = await run(['check', 'table'], { AWS_REGION: undefined });
  assert.strictEqual(nowhere.code, FAILED);
  assert.match(nowhere.stderr, /^table "table": no AWS region .*\n$/);
  const refused = await run(['list', 'table', '--endpoint', 'http://127.0.0.1:1']);
  assert.strictEqual(refused.code, FAILED);
  assert.match(refused.stderr, /^table "table": DynamoDB can't be reached.*\n$/);
});

for (const command of ['check', 'create-table', 'list']) {
  test(`${command} with a profile that no file has fails, whatever keys there are`, async () => {
    const table = `test-${command}`;
    const { code, stdout, stderr } = await runHere(command, table, '--profile', 'typo');
    assert.deepStrictEqual([code, stdout], [FAILED, '']);
    assert.match(
      stderr,
      /^table "test-[a-z-]+": the profile "typo", which --profile names, is not/
    );
    assert.ok(stderr.includes(AWS_ENVIRONMENT.AWS_CONFIG_FILE), stderr);
    assert.ok(!(await dynamodb.call(endpoint, 'ListTables', {})).TableNames.includes(table));
  });
}

for (const option of ['--profile', '--endpoint', '--region']) {
  test(`an empty ${option} is refused: a script may have an empty variable`, async () => {
    const { code, stdout, stderr } = await run(['create-table', 'test-empty', option, '']);
    assert.deepStrictEqual([code, stdout], [MISUSED, '']);
    assert.match(stderr, new RegExp(`^${option} must not be empty`));
  });
}

test('what others have named is shown without what is not visible', async () => {
  const table = await newTable();
  const odd = 'a\u202e\u001b[31mb';
  await dynamodb.putRows(endpoint, table, [
    markerRow(),
    itemRow('features', flag(odd)),
    itemRow(`${odd}:features`, flag('k', { padding: 'x'.repeat(390_000) })),
    itemRow(odd, flag('k')),
  ]);
  for (const command of ['list', 'check']) {
    const { stdout, stderr } = await runHere(command, table);
    assert.strictEqual(stderr, '');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u202e]/);
    assert.match(stdout, /u\{?202e/);
  }
});

test('check does without what the policy for reading does not allow', async (t) => {
  const table = await fullTable();
  const proxy = await startProxy(endpoint);
  t.after(() => proxy.close());
  const through = (...args) => run([...args, '--endpoint', proxy.endpoint]);
  proxy.intercept(answerWith(failure(400, 'AccessDeniedException'), 'DescribeTable', 'Scan'));
  const whole = await through('check', table);
  assert.strictEqual(whole.code, FAILED);
  assert.match(
    whole.stderr,
    /AccessDeniedException.*With --prefix, dynamodb:Query takes its place\n$/
  );
  const one = await through('check', table, '--prefix', '');
  assert.deepStrictEqual([one.code, one.stderr], [FINE, '']);
  assert.match(one.stdout, /^status +not known without dynamodb:DescribeTable$/m);
  assert.match(one.stdout, /^All is well\.$/m);
});

test('create-table makes a table that stores can use', async (t) => {
  for (const [name, options, billing] of [
    ['made-on-demand', [], 'on-demand'],
    ['made-provisioned', ['--provisioned', '3', '2'], { read: 3, write: 2 }],
  ]) {
    const table = `${name}-${process.pid}`;
    t.after(() => dynamodb.deleteTable(endpoint, table));
    const made = await runHere('create-table', table, '--json', ...options);
    assert.strictEqual(made.code, FINE, made.stderr);
    const description = JSON.parse(made.stdout);
    assert.deepStrictEqual([description.status, description.billing], ['ACTIVE', billing]);
    assert.strictEqual(description.hasRightKeys, true);
    await dynamodb.putRows(endpoint, table, [markerRow(), itemRow('features', flag('a'))]);
    const checked = await runHere('check', table);
    assert.strictEqual(checked.code, FINE, checked.stdout);
    assert.match(checked.stdout, /^All is well\.$/m);
    const again = await runHere('create-table', table);
    assert.strictEqual(again.code, FAILED);
    assert.match(again.stderr, /^table ".*\n$/);
  }
});

test('list shows the flags and segments of a prefix', async () => {
  const table = await fullTable();
  const { code, stdout } = await runHere('list', table);
  assert.strictEqual(code, FINE);
  const lines = stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 4));
  assert.deepStrictEqual(lines.slice(1, -1), [
    ['flag', 'a', '2', 'on'],
    ['flag', 'b', '2', 'off'],
    ['flag', 'gone', '7', 'deleted'],
    ['segment', 's', '1', '-'],
  ]);
  const staging = await runHere('list', table, '--prefix', 'staging', '--json', '--kind', 'flags');
  const items = JSON.parse(staging.stdout);
  assert.deepStrictEqual(
    items.map(({ key }) => key),
    ['a', 'broken', 'large']
  );
  assert.match(items[1].unreadable, /its attribute "item"/);
  const none = await runHere('list', table, '--prefix', 'nobody');
  assert.deepStrictEqual([none.code, none.stdout], [FINE, 'There are none.\n']);
});

test('get prints an item as it is', async () => {
  const table = await fullTable();
  const { code, stdout } = await runHere('get', table, 'b');
  assert.deepStrictEqual([code, JSON.parse(stdout)], [FINE, flag('b', { on: false })]);
  const text = await runHere('get', table, 'b', '--json');
  assert.strictEqual(text.stdout, `${JSON.stringify(flag('b', { on: false }))}\n`);
  const segment = await runHere('get', table, 's', '--kind', 'segment');
  assert.strictEqual(JSON.parse(segment.stdout).key, 's');
  const other = await runHere('get', table, 'a', '--prefix', 'staging');
  assert.strictEqual(JSON.parse(other.stdout).padding.length, 8192);
  const gone = await runHere('get', table, 'gone');
  assert.deepStrictEqual(
    [gone.code, gone.stderr],
    [AMISS, 'The flag "gone" is deleted; this is its tombstone.\n']
  );
  const none = await runHere('get', table, 'nobody');
  assert.deepStrictEqual([none.code, none.stdout], [AMISS, '']);
  assert.match(none.stderr, /^There is no flag "nobody" in the table /);
  const broken = await runHere('get', table, 'broken', '--prefix', 'staging');
  assert.deepStrictEqual([broken.code, broken.stdout], [AMISS, '']);
  assert.match(broken.stderr, /^The row of the flag "broken" can't be read: /);
});

for (const [args, message] of [
  [[], ''],
  [['chekc', 'table'], 'There is no command "chekc".'],
  [['toString'], 'There is no command "toString".'],
  [['check'], "check: the table's name is missing."],
  [['get', 'table'], "get: the key's name is missing."],
  [['check', 'one', 'two'], 'check: "two" is one argument too many.'],
  [['check', 'table', '--prefxi', 'x'], 'There is no option --prefxi here.'],
  [['check', 'table', '--prefix'], '--prefix takes a value.'],
  [['check', 'table', '--json=yes'], '--json takes no value.'],
  [['check', 'table', '--region', ''], '--region must not be empty.'],
  [['list', 'table', '--kind', 'users'], '--kind is flags or segments, not "users".'],
  [['create-table', 'table', '--provisioned', '1'], '--provisioned takes 2 values.'],
  [
    ['create-table', 'table', '--provisioned', '1', '0'],
    '--provisioned takes two whole numbers above 0, not "0".',
  ],
]) {
  test(`wrong arguments are an error: ${args.join(' ')}`, async () => {
    const { code, stderr } = await run(args);
    assert.strictEqual(code, MISUSED);
    assert.strictEqual(stderr.split('\n')[0], message);
  });
}

test('help and the version are to be had', async () => {
  for (const args of [['--help'], ['check', '--help'], ['get', '-h']]) {
    const { code, stdout } = await run(args);
    assert.strictEqual(code, FINE);
    assert.match(stdout, /^dynamodb-feature-store /);
    assert.match(stdout, /--endpoint URL/);
  }
  for (const args of [['--version'], ['version']]) {
    assert.deepStrictEqual(await run(args), { code: FINE, stdout: `${version}\n`, stderr: '' });
  }
});
