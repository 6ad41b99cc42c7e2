'use strict';

/**
 * What the command line says when a request fails, and what it tells to do.
 */

const assert = require('node:assert');
const net = require('node:net');
const { test } = require('node:test');

const dynamodb = require('../../support/dynamodb');
const { startProxy } = require('../../support/engine-proxy');
const { AWS_ENVIRONMENT } = require('../../support/environment');
const { answerWith, failure } = require('../../support/faults');
const { certificates } = require('../../support/receiver');
const { FAILED, MISUSED, run, useEngine } = require('./command');

const engine = useEngine();
const certified = certificates();
const skip = certified ? false : 'there is no openssl';

for (const args of [['check'], ['list'], ['get', 'key']]) {
  const [command, ...more] = args;
  test(`${command} of a table that is not there fails in one line`, async () => {
    const { code, stdout, stderr } = await engine.run(command, 'no-such-table', ...more);
    assert.deepStrictEqual([code, stdout], [FAILED, '']);
    assert.match(stderr, /^table "no-such-table": the table does not exist.*\n$/);
    const { endpoint } = engine;
    assert.ok(stderr.includes(`; endpoint ${endpoint}, region eu-west-1. `), stderr);
    const create = 'npx dynamodb-feature-store create-table no-such-table';
    assert.ok(stderr.includes(`Create it: ${create} --endpoint ${endpoint}.`), stderr);
  });
}

test('list of a table with other keys names check', async () => {
  const { code, stderr } = await engine.run('list', await engine.newTable(['id', 'sort']));
  assert.strictEqual(code, FAILED);
  assert.match(stderr, /^table "\S+": the table has other keys .*: npx \S+ check .*\n$/);
});

test('without credentials it fails in one line', async () => {
  const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
  const { code, stderr } = await run(['check', 'table', '--endpoint', engine.endpoint], none);
  assert.strictEqual(code, FAILED);
  assert.match(
    stderr,
    /^table "table": no AWS credentials could be had: .*, pass --profile, .*\n$/
  );
});

for (const command of ['check', 'list', 'create-table']) {
  test(`${command} without a region names --region`, async () => {
    const { code, stderr } = await run([command, 'table'], { AWS_REGION: undefined });
    assert.strictEqual(code, FAILED);
    assert.match(stderr, /^table "table": no AWS region .*Pass --region, such as .*\n$/);
    assert.doesNotMatch(stderr, /clientOptions/);
  });
}

for (const command of ['check', 'create-table', 'list']) {
  test(`${command} with a profile that no file has fails, whatever keys there are`, async () => {
    const table = `test-${command}`;
    const { code, stdout, stderr } = await engine.run(command, table, '--profile', 'typo');
    assert.deepStrictEqual([code, stdout], [FAILED, '']);
    assert.match(
      stderr,
      /^table "test-[a-z-]+": the profile "typo", which --profile names, is not/
    );
    assert.ok(stderr.includes(AWS_ENVIRONMENT.AWS_CONFIG_FILE), stderr);
    const { TableNames } = await dynamodb.call(engine.endpoint, 'ListTables', {});
    assert.ok(!TableNames.includes(table));
  });
}

for (const option of ['--profile', '--endpoint', '--region']) {
  test(`an empty ${option} is refused: a script may have an empty variable`, async () => {
    const { code, stdout, stderr } = await run(['create-table', 'test-empty', option, '']);
    assert.deepStrictEqual([code, stdout], [MISUSED, '']);
    assert.match(stderr, new RegExp(`^${option} must not be empty`));
  });
}

test('an endpoint that is no URL is named', async () => {
  const { code, stderr } = await run(['check', 'table', '--endpoint', 'http://host:port']);
  assert.strictEqual(code, FAILED);
  assert.match(stderr, /^table "table": the endpoint "http:.*Give --endpoint, .* as a URL .*\n$/);
});

for (const args of [
  ['check', 'table'],
  ['list', 'table'],
  ['create-table', 'table'],
]) {
  test(`${args[0]} says where it found no DynamoDB`, async () => {
    const endpoint = 'http://127.0.0.1:1';
    const { code, stderr } = await run([...args, '--endpoint', endpoint, '--region', 'eu-north-1']);
    assert.strictEqual(code, FAILED);
    assert.match(stderr, /^table "table": DynamoDB can't be reached.*\n$/);
    assert.ok(stderr.includes(`; endpoint ${endpoint}, region eu-north-1. `), stderr);
  });
}

test('the endpoint of the environment is named, too', async () => {
  const env = { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1/' };
  const { stderr } = await run(['list', 'table'], env);
  assert.match(stderr, /; endpoint http:\/\/127\.0\.0\.1:1, region eu-west-1\. /);
});

test('a password in the endpoint is not shown', async () => {
  const endpoint = engine.endpoint.replace('://', '://ada:lovelace-1815@');
  for (const command of ['check', 'list', 'create-table']) {
    const { stderr } = await run([
      command,
      'no-such-table',
      '--endpoint',
      'http://ada:lovelace-1815@127.0.0.1:1',
    ]);
    assert.match(stderr, /^table "no-such-table": /);
    assert.ok(!stderr.includes('lovelace'), stderr);
  }
  const { stdout, stderr } = await run(['check', 'no-such-table', '--endpoint', endpoint]);
  assert.ok(!`${stdout}${stderr}`.includes('lovelace'), stderr);
});

test('HTTPS to a port that speaks HTTP is told to use http://', async () => {
  const endpoint = engine.endpoint.replace('http:', 'https:');
  const { code, stderr } = await run(['list', 'table', '--endpoint', endpoint]);
  assert.strictEqual(code, FAILED);
  assert.ok(stderr.endsWith(`does not speak TLS: use ${engine.endpoint}\n`), stderr);
});

test('HTTP to a port that speaks TLS is told to use https://', { skip }, async (t) => {
  const proxy = await startProxy(engine.endpoint, { tls: certified.tls });
  t.after(() => proxy.close());
  const endpoint = proxy.endpoint.replace('https:', 'http:');
  const { code, stderr } = await run(['list', 'table', '--endpoint', endpoint]);
  assert.strictEqual(code, FAILED);
  assert.ok(stderr.endsWith(`speaks TLS: use ${proxy.endpoint}\n`), stderr);
});

test('a server that speaks neither is no reason for another scheme', async (t) => {
  const server = net.createServer((socket) => socket.on('error', () => {}).end('hello\n'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  t.after(() => server.close());
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const { stderr } = await run(['list', 'table', '--endpoint', `http://127.0.0.1:${port}`]);
  assert.doesNotMatch(stderr, /https?:\/\/\S+\n$/);
  assert.match(stderr, /Check --endpoint, /);
});

const ARN = 'arn:aws:dynamodb:eu-west-1:123456789012:table/flags';
const USER = 'arn:aws:iam::123456789012:user/ada';
const REASON = 'because no identity-based policy allows the dynamodb:$1 action';

for (const [args, action] of [
  [['list', 'flags'], 'Query'],
  [['get', 'flags', 'key'], 'GetItem'],
  [['check', 'flags', '--prefix', ''], 'Query'],
  [['check', 'flags'], 'Scan'],
  [['create-table', 'flags'], 'CreateTable'],
]) {
  test(`a denied ${args.join(' ')} names the action and the resource`, async (t) => {
    const proxy = await startProxy(engine.endpoint);
    t.after(() => proxy.close());
    const sentence = `User: ${USER} is not authorized to perform: dynamodb:${action} on resource: ${ARN} ${REASON.replace('$1', action)}`;
    proxy.intercept(answerWith(failure(400, 'AccessDeniedException', sentence)));
    const { code, stderr } = await run([...args, '--endpoint', proxy.endpoint]);
    assert.strictEqual(code, FAILED);
    const what = `dynamodb:${action} on ${ARN}`;
    assert.ok(stderr.startsWith(`table "flags": ${what} is denied (AccessDeniedException: no `));
    assert.ok(stderr.includes(`. Allow ${what} to ${USER}`), stderr);
    proxy.intercept(answerWith(failure(400, 'AccessDeniedException')));
    const terse = await run([...args, '--endpoint', proxy.endpoint]);
    assert.match(terse.stderr, new RegExp(`Allow dynamodb:${action} on the table`));
  });
}
