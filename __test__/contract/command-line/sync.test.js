'use strict';

/**
 * `sync` on a real engine, with a local server in the place of LaunchDarkly.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { test } = require('node:test');

const { itemRow, markerRow } = require('../../support/data');
const dynamodb = require('../../support/dynamodb');
const { waitFor } = require('../../support/wait');
const { SDK_KEY, startPollingServer } = require('../../sync/polling-server');
const {
  FAILED,
  FINE,
  MISUSED,
  PROGRAM,
  environment,
  flag,
  noTerminal,
  run,
  runOnTerminal,
  shellCommand,
  useEngine,
} = require('./command');

const engine = useEngine();

const DATA = {
  flags: { a: flag('a', { version: 3 }), b: flag('b') },
  segments: { s: { key: 's', version: 1, included: [] } },
};
const KEY = { LAUNCHDARKLY_SDK_KEY: SDK_KEY };
/** A text without its line breaks. */
const oneLine = (text) => text.trim().replace(/\s+/g, ' ');

/** Runs `sync` with a server that has the data. */
async function setUp(t, rows = []) {
  const [server, table] = [await startPollingServer(t, DATA), await engine.tableWith(rows)];
  const args = ['sync', table, '--base-uri', server.url, '--endpoint', engine.endpoint];
  const sync = (more = [], env = {}) => run([...args, ...more], { ...KEY, ...env });
  return { args, server, sync, table };
}

/** The keys and versions of the rows in a table. */
async function versionsIn(table) {
  const rows = await dynamodb.rows(engine.endpoint, table);
  return Object.fromEntries(
    rows.map(({ namespace, key, version }) => [`${namespace.S} ${key.S}`, version?.N])
  );
}

const OLD_ROWS = [
  markerRow('p'),
  itemRow('p:features', flag('a', { version: 1 })),
  itemRow('p:features', flag('b')),
  itemRow('p:features', flag('gone')),
];

test('sync names what it writes, and writes it', async (t) => {
  const { sync, table } = await setUp(t, OLD_ROWS);
  const { code, stdout, stderr } = await sync(['--prefix', 'p']);
  assert.strictEqual(code, FINE, stderr);
  assert.strictEqual(
    oneLine(stderr),
    `Writes to the table "${table}" in eu-west-1 (${engine.endpoint}), under the prefix "p": ` +
      '2 puts, 1 delete, 1 row unchanged.'
  );
  assert.strictEqual(stdout, '2 rows put, 1 deleted, 1 unchanged.\n');
  const versions = { 'p:$inited p:$inited': undefined, 'p:features a': '3', 'p:features b': '2' };
  assert.deepStrictEqual(await versionsIn(table), { ...versions, 'p:segments s': '1' });
  const again = await sync(['--prefix', 'p', '--json']);
  const { put, deleted, unchanged } = JSON.parse(again.stdout);
  assert.deepStrictEqual([put, deleted, unchanged], [0, 0, 3]);
});

test('on a terminal, sync shows its progress', { skip: noTerminal }, async (t) => {
  const { args, server } = await setUp(t);
  const { code, text } = await runOnTerminal(args, KEY);
  assert.strictEqual(code, FINE, text);
  assert.ok(text.includes(`fetching flags from ${server.url}`), text);
  assert.match(text, /Writes to the table "\S+" in eu-west-1\n/);
  assert.match(text, / 3 rows put, 0 deleted, 0 unchanged\.\n/);
});

test('sync --dry-run shows each row and writes nothing', async (t) => {
  const { sync, table } = await setUp(t, [
    ...OLD_ROWS,
    itemRow('p:segments', { key: 's', version: 9, included: [] }),
  ]);
  const before = await versionsIn(table);
  const { code, stdout, stderr } = await sync(['--prefix', 'p', '--dry-run']);
  assert.deepStrictEqual([code, stderr], [FINE, '']);
  const [announced, list] = stdout.split('\n\n');
  assert.match(
    oneLine(announced),
    /: 1 put, 1 delete, 1 row unchanged, 1 row newer in the table\.$/
  );
  const lines = list.trimEnd().split('\n').slice(1);
  assert.deepStrictEqual(
    lines.map((line) => line.split(/ {2,}/)),
    [
      ['put', 'flag', 'a', '1', '3'],
      ['delete', 'flag', 'gone', '2', '-'],
      ['none, newer', 'segment', 's', '9', '1'],
    ]
  );
  assert.deepStrictEqual(await versionsIn(table), before);
});

test('sync refuses older data and data without flags, and says what to pass', async (t) => {
  const { server, sync, table } = await setUp(t, [
    markerRow(),
    itemRow('features', flag('a', { version: 7 })),
  ]);
  const planned = await sync(['--dry-run']);
  assert.deepStrictEqual([planned.code, planned.stdout], [FAILED, '']);
  assert.match(
    planned.stderr,
    /the table has newer versions of .*, or pass --allow-older to write/
  );
  const older = await sync();
  assert.doesNotMatch(older.stderr, /Writes to/);
  assert.deepStrictEqual([older.code, older.stdout], [FAILED, '']);
  assert.match(older.stderr, /the table has newer versions of .*, or pass --allow-older to write/);
  server.data = { flags: {}, segments: {} };
  const empty = await sync();
  assert.strictEqual(empty.code, FAILED);
  assert.doesNotMatch(empty.stderr, /Writes to/);
  assert.strictEqual((await sync(['--dry-run', '--json'])).code, FAILED);
  assert.strictEqual((await sync(['--dry-run', '--json', '--allow-empty'])).code, FINE);
  assert.match(empty.stderr, /has no flags, but the table has 1\..* pass --allow-empty\n$/);
  assert.strictEqual((await versionsIn(table))['features a'], '7');
  const allowed = await sync(['--allow-empty']);
  assert.strictEqual(allowed.stdout, '0 rows put, 1 deleted, 0 unchanged.\n');
  server.data = DATA;
  assert.strictEqual((await sync(['--allow-older'])).code, FINE);
});

test('the key comes from a variable, and no output has it', async (t) => {
  const { server, sync } = await setUp(t);
  const missing = await sync([], { LAUNCHDARKLY_SDK_KEY: undefined });
  assert.strictEqual(missing.code, MISUSED);
  assert.match(
    missing.stderr,
    /^the variable LAUNCHDARKLY_SDK_KEY is not set\. Set it to the SDK key/
  );
  const misplaced = await sync(['--sdk-key-env', SDK_KEY]);
  assert.strictEqual(misplaced.code, MISUSED);
  assert.match(misplaced.stderr, /^--sdk-key-env takes the name of an environment variable, not a/);
  const other = await sync(['--sdk-key-env', 'OTHER_KEY'], {
    OTHER_KEY: SDK_KEY,
    LAUNCHDARKLY_SDK_KEY: undefined,
  });
  assert.strictEqual(other.code, FINE, other.stderr);
  const wrong = await sync([], { LAUNCHDARKLY_SDK_KEY: 'sdk-wrong-key' });
  assert.strictEqual(wrong.code, FAILED);
  assert.match(wrong.stderr, /rejects the SDK key \(401\)\. Set the variable to the SDK key/);
  const invalid = await sync([], { LAUNCHDARKLY_SDK_KEY: 'sdk wrong key' });
  assert.strictEqual(invalid.code, MISUSED);
  assert.match(invalid.stderr, /^the variable LAUNCHDARKLY_SDK_KEY must be an SDK key without/);
  server.instead = (request, response) => {
    response
      .writeHead(200)
      .end(`{"flags": {"${request.headers.authorization}": 1}, "segments": {}}`);
  };
  const echoed = await sync(['--json']);
  assert.strictEqual(echoed.code, FAILED);
  server.instead = (request, response) => {
    response.writeHead(500, request.headers.authorization).end(request.headers.authorization);
  };
  const failed = await sync();
  assert.strictEqual(failed.code, FAILED);
  for (const { stdout, stderr } of [missing, misplaced, other, wrong, invalid, echoed, failed]) {
    assert.doesNotMatch(stdout + stderr, /sdk-[0-9]|sdk.wrong/);
  }
});

test('a wrong --base-uri is an error in one line', async (t) => {
  const { table } = await setUp(t);
  const args = ['sync', table, '--endpoint', engine.endpoint, '--base-uri'];
  const wrong = await run([...args, 'launchdarkly'], KEY);
  assert.strictEqual(wrong.code, MISUSED);
  assert.match(
    wrong.stderr,
    /^--base-uri must be a URL .*, and without user, query and fragment\. See/
  );
  const nobody = await run([...args, 'http://127.0.0.1:1'], KEY);
  assert.strictEqual(nobody.code, FAILED);
  assert.match(
    nobody.stderr,
    /^http:\/\/127\.0\.0\.1:1 can't be reached: .*Check --base-uri, .*\n$/
  );
});

/** Starts `sync --watch`. */
function watch(t, args, shell = '') {
  const all = [...args, '--watch', '1', '--json'];
  const [file, words] = shell
    ? ['sh', ['-c', `${shellCommand(all)} ${shell}`]]
    : [process.execPath, [PROGRAM, ...all]];
  const child = spawn(file, words, { env: environment(KEY), stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const output = { child, stdout: '', stderr: '', closed: once(child, 'close') };
  for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  return output;
}

test('sync --watch follows LaunchDarkly, and survives its failures', async (t) => {
  const { args, server, table } = await setUp(t);
  const output = watch(t, args);
  const version = async () => (await versionsIn(table))['features a'];
  await waitFor(async () => (await version()) === '3', 'the first sync');
  server.put('flags', flag('a', { version: 4 }));
  await waitFor(async () => (await version()) === '4', 'the second sync');
  server.instead = (_request, response) => response.writeHead(503).end();
  await waitFor(() => / answers 503/.test(output.stderr), 'the failure');
  server.put('flags', flag('a', { version: 5 }));
  server.instead = undefined;
  await waitFor(async () => (await version()) === '5', 'the third sync');
  await waitFor(() => output.stdout.split('\n').length === 4, 'three results');
  output.child.kill('SIGTERM');
  assert.deepStrictEqual(await output.closed, [FINE, null]);
  const results = output.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepStrictEqual(
    results.map(({ put, unchanged }) => [put, unchanged]),
    [
      [3, 0],
      [1, 2],
      [1, 2],
    ]
  );
  assert.ok(server.requests.some(({ headers }) => headers['if-none-match']));
});

test('after a failure, sync --watch compares the whole table again', async (t) => {
  const { args, server } = await setUp(t);
  const output = watch(t, args);
  await waitFor(() => output.stdout !== '', 'the first sync');
  server.instead = (_request, response) => response.writeHead(503).end();
  await waitFor(() => / answers 503/.test(output.stderr), 'the failure');
  server.instead = undefined;
  const next = server.requests.length;
  await waitFor(() => server.requests.length > next, 'the next request');
  assert.strictEqual(server.requests[next].headers['if-none-match'], undefined);
});

test('a signal ends sync --watch after the sync that runs', async (t) => {
  const { args, server, table } = await setUp(t);
  let answer = () => {};
  server.instead = (request, response) => {
    answer = () => {
      server.instead = undefined;
      server.handle(request, response);
    };
  };
  const output = watch(t, args);
  await waitFor(() => server.requests.length === 1, 'the first request');
  output.child.kill('SIGINT');
  answer();
  assert.deepStrictEqual(await output.closed, [FINE, null]);
  assert.strictEqual(JSON.parse(output.stdout).put, 3);
  assert.strictEqual((await versionsIn(table))['features a'], '3');
});

test('sync --watch ends if nobody reads its output any more', { skip: noTerminal }, async (t) => {
  const { args, server, table } = await setUp(t);
  const output = watch(t, args, '| head -n 1');
  await waitFor(() => output.stdout !== '', 'the first result');
  server.put('flags', flag('a', { version: 4 }));
  assert.deepStrictEqual(await output.closed, [FINE, null]);
  assert.strictEqual((await versionsIn(table))['features a'], '4');
});

test('many results leave no warning', async (t) => {
  const { args, server } = await setUp(t);
  const output = watch(t, args);
  for (let version = 4; version < 16; version += 1) {
    await waitFor(() => output.stdout.split('\n').length === version - 2, 'the next result');
    server.put('flags', flag('a', { version }));
  }
  output.child.kill('SIGTERM');
  await output.closed;
  assert.doesNotMatch(output.stderr, /Warning/);
});

test('--watch takes seconds, and no --dry-run', async (t) => {
  const { sync } = await setUp(t);
  for (const [more, message] of [
    [['--watch', '0'], /^--watch takes a whole number of seconds above 0, not "0"\. /],
    [['--watch', 'often'], /^--watch takes .*not "often"\. /],
    [['--watch', '1', '--dry-run'], /^--watch and --dry-run exclude each other\. /],
  ]) {
    const { code, stderr } = await sync(more);
    assert.strictEqual(code, MISUSED);
    assert.match(stderr, message);
  }
});
