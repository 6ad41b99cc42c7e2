'use strict';

/**
 * `create-table` on a real engine.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { itemRow, markerRow } = require('../../support/data');
const dynamodb = require('../../support/dynamodb');
const { startProxy } = require('../../support/engine-proxy');
const { failure } = require('../../support/faults');
const { FAILED, FINE, flag, run, useEngine } = require('./command');

const engine = useEngine();
/** The embedded engine has no deletion protection. */
const onlyLocal = process.env.DYNAMODB_ENDPOINT ? false : 'it takes DynamoDB Local';

let tables = 0;

/** A name that is not in use; the table is deleted after the test. */
function newName(t) {
  tables += 1;
  const name = `created-${process.pid}-${tables}`;
  t.after(() => dynamodb.deleteTable(engine.endpoint, name));
  return name;
}

for (const [title, options, billing] of [
  ['on-demand capacity', [], 'on-demand'],
  ['provisioned capacity', ['--provisioned', '3', '2'], { read: 3, write: 2 }],
]) {
  test(`create-table makes a table that stores can use, with ${title}`, async (t) => {
    const table = newName(t);
    const made = await engine.run('create-table', table, '--json', ...options);
    assert.strictEqual(made.code, FINE, made.stderr);
    const description = JSON.parse(made.stdout);
    assert.deepStrictEqual([description.status, description.billing], ['ACTIVE', billing]);
    assert.deepStrictEqual([description.created, description.hasRightKeys], [true, true]);
    await dynamodb.putRows(engine.endpoint, table, [markerRow(), itemRow('features', flag('a'))]);
    const checked = await engine.run('check', table);
    assert.strictEqual(checked.code, FINE, checked.stdout);
    assert.match(checked.stdout, /^All is well: /);
  });
}

test('create-table of a table that is there says so and names check', async () => {
  const table = await engine.newTable();
  const { code, stdout, stderr } = await engine.run('create-table', table);
  assert.deepStrictEqual([code, stdout], [FAILED, '']);
  assert.match(
    stderr,
    /^table "[\w-]+": the table exists already \(ResourceInUseException\)\. .*\n$/
  );
  assert.ok(stderr.includes(`npx dynamodb-feature-store check ${table} --endpoint `), stderr);
  assert.match(stderr, /pass --if-not-exists/);
});

test('with --if-not-exists, a table with the right keys is a success', async (t) => {
  const table = newName(t);
  for (const created of [true, false]) {
    const made = await engine.run('create-table', table, '--if-not-exists', '--json');
    assert.strictEqual(made.code, FINE, made.stderr);
    assert.strictEqual(JSON.parse(made.stdout).created, created);
  }
  const { stdout } = await engine.run('create-table', table, '--if-not-exists');
  assert.match(stdout, /^The table "[\w-]+" was there and is ready \(on-demand\)\.$/m);
});

test('with --if-not-exists, a table with other keys is a failure', async () => {
  const table = await engine.newTable(['id', 'sort']);
  const { code, stdout, stderr } = await engine.run('create-table', table, '--if-not-exists');
  assert.deepStrictEqual([code, stdout], [FAILED, '']);
  assert.match(stderr, /^table "[\w-]+": it exists, with other keys than stores need\. .*\n$/);
});

// No engine for tests has tags.
test('create-table sends tags and deletion protection', async (t) => {
  const table = newName(t);
  const proxy = await startProxy(engine.endpoint);
  t.after(() => proxy.close());
  /** @type {any} */
  let sent;
  proxy.intercept(({ operation, body }, forward) => {
    if (operation !== 'CreateTable') return undefined;
    sent = body;
    const { Tags, DeletionProtectionEnabled, ...rest } = body;
    return forward(rest);
  });
  const tags = ['--tag', 'team=web', '--tag=empty=', '--tag', 'url=a=b'];
  const options = [...tags, '--deletion-protection', '--endpoint', proxy.endpoint];
  const { code, stderr } = await run(['create-table', table, ...options]);
  assert.deepStrictEqual([code, stderr], [FINE, '']);
  assert.strictEqual(sent.DeletionProtectionEnabled, true);
  assert.deepStrictEqual(sent.Tags, [
    { Key: 'team', Value: 'web' },
    { Key: 'empty', Value: '' },
    { Key: 'url', Value: 'a=b' },
  ]);
});

test('a table with deletion protection is not deleted', { skip: onlyLocal }, async (t) => {
  const { endpoint } = engine;
  const table = newName(t);
  const made = await engine.run('create-table', table, '--deletion-protection');
  assert.strictEqual(made.code, FINE, made.stderr);
  try {
    await assert.rejects(dynamodb.deleteTable(endpoint, table), /ValidationException/);
  } finally {
    const update = { TableName: table, DeletionProtectionEnabled: false };
    await dynamodb.call(endpoint, 'UpdateTable', update);
  }
});

test('create-table turns point-in-time recovery on, as soon as DynamoDB can', async (t) => {
  const table = newName(t);
  const proxy = await startProxy(engine.endpoint);
  t.after(() => proxy.close());
  // No engine for tests has this operation.
  const answers = [
    failure(400, 'ContinuousBackupsUnavailableException'),
    { status: 200, body: { ContinuousBackupsDescription: { ContinuousBackupsStatus: 'ENABLED' } } },
  ];
  proxy.intercept(({ operation }) =>
    operation === 'UpdateContinuousBackups' ? answers.shift() : undefined
  );
  const options = ['--point-in-time-recovery', '--endpoint', proxy.endpoint];
  const { code, stderr } = await run(['create-table', table, ...options]);
  assert.deepStrictEqual([code, stderr], [FINE, '']);
  const sent = proxy.history.filter(({ operation }) => operation === 'UpdateContinuousBackups');
  assert.deepStrictEqual(
    sent.map(({ body }) => body),
    Array(2).fill({
      TableName: table,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    })
  );
});

test('without point-in-time recovery, the failure says that the table is there', async (t) => {
  const table = newName(t);
  const { code, stderr } = await engine.run('create-table', table, '--point-in-time-recovery');
  assert.strictEqual(code, FAILED);
  assert.match(stderr, /The table exists now, without point-in-time recovery/);
});
