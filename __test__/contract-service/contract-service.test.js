'use strict';

/**
 * The service and the command of the contract tests, without LaunchDarkly's harness.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const net = require('node:net');
const path = require('node:path');
const { test } = require('node:test');

const { startStreamServer } = require('../../demo/stream-server');
const { itemRow, markerRow } = require('../support/data');
const { flag } = require('../support/flags');
const { scenes } = require('../support/scene');
const { becomes } = require('../support/wait');
const { patternOf, resultsIn } = require('./harness');
const { SUBJECTS } = require('./sdks');
const { startService } = require('./service');

const newScene = scenes();

const COMMAND = path.join(__dirname, 'index.js');
const DYNAMODB_PORT = 8000;
const CONTEXT = { kind: 'user', key: 'somebody' };

const flagOf = (version, value) => flag('k', { version, variations: [value] });

/** Runs the command with nothing else set. */
function runCommand(variables) {
  const { SDK_TEST_HARNESS: _, SDK_TEST_HARNESS_V3: __, ...others } = process.env;
  const options = /** @type {const} */ ({ env: { ...others, ...variables }, encoding: 'utf8' });
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND], options);
  return { status, stdout, stderr };
}

/** Sends a request to the service, as the harness does. */
async function send(method, url, body) {
  const response = await fetch(url, { method, body: body && JSON.stringify(body) });
  const text = await response.text();
  const { status, headers } = response;
  return { status, location: headers.get('location'), body: text, json: () => JSON.parse(text) };
}

/** Starts a service, and returns what creates a client there. */
async function serve(t, setting) {
  const service = await startService(setting);
  t.after(() => service.close());
  return async (configuration) => {
    const created = await send('POST', service.url, { tag: 'a test', configuration });
    assert.strictEqual(created.status, 201, created.body);
    const client = service.url + created.location;
    const command = (name, parameters) =>
      send('POST', client, { command: name, [name]: parameters });
    const value = async () => {
      const evaluate = { flagKey: 'k', context: CONTEXT, valueType: 'any', defaultValue: 'none' };
      return (await command('evaluate', evaluate)).json().value;
    };
    return { command, value, close: () => send('DELETE', client) };
  };
}

/** Returns the setting of a service whose stores are in the scene's table. */
function settingOf(scene, name, stores) {
  const { table } = scene;
  return { name, stores, endpoint: scene.proxy.endpoint, table, requestedTable: table };
}

for (const [name, { sdk, capabilities }] of Object.entries(SUBJECTS)) {
  test(`${sdk.title}: announces what it can do`, async (t) => {
    const service = await startService(settingOf(await newScene(t), name, 'none'));
    t.after(() => service.close());
    const { status, json } = await send('GET', service.url);
    assert.deepStrictEqual([status, json()], [200, { name: sdk.name, capabilities }]);
  });

  test(`${sdk.title}: a client has the store that is asked for`, async (t) => {
    const scene = await newScene(t);
    await scene.put(markerRow('p'), itemRow('p:features', flagOf(1, 'of the table')));
    const create = await serve(t, settingOf(scene, name, 'none'));
    const store = { type: 'dynamodb', dsn: scene.proxy.endpoint, prefix: 'p' };
    const persistentDataStore = { store, cache: { mode: 'off' } };
    const client = await create({
      credential: 'a key',
      ...(sdk.dataSystem
        ? { dataSystem: { store: { persistentDataStore } } }
        : { persistentDataStore }),
    });
    assert.strictEqual(await client.value(), 'of the table');
    await scene.put(itemRow('p:features', flagOf(2, 'changed')));
    assert.strictEqual(await client.value(), 'changed');
    assert.strictEqual((await client.close()).status, 204);
    assert.strictEqual((await client.close()).status, 404);
  });

  for (const stores of /** @type {const} */ (['none', 'store', 'reader'])) {
    test(`${sdk.title}: clients receive data, stores: ${stores}`, async (t) => {
      const scene = await newScene(t);
      const server = await startStreamServer({ flags: { k: flagOf(1, 'received') } });
      t.after(() => server.close());
      const create = await serve(t, settingOf(scene, name, stores));
      const streaming = { baseUri: server.url };
      const client = await create({
        credential: 'a key',
        ...(sdk.dataSystem ? { dataSystem: { synchronizers: [{ streaming }] } } : { streaming }),
      });
      await becomes(client.value, 'received');
      server.patchFlag(flagOf(2, 'changed'));
      await becomes(client.value, 'changed');
      const { state } = (await client.command('evaluateAll', { context: CONTEXT })).json();
      assert.strictEqual(state.k, 'changed');
      assert.strictEqual((await client.command('no such command')).status, 400);
      await client.close();
      const written = (await scene.rows()).filter((row) => row.key.S === 'k');
      assert.strictEqual(written.length, stores === 'none' ? 0 : 1);
    });
  }
}

test('a client without data is an error, unless it may fail', async (t) => {
  const silent = net.createServer();
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', () => resolve(undefined)));
  t.after(() => silent.close());
  const { port } = /** @type {net.AddressInfo} */ (silent.address());
  const service = await startService(settingOf(await newScene(t), '9', 'none'));
  t.after(() => service.close());
  const streaming = { baseUri: `http://127.0.0.1:${port}` };
  const configuration = { credential: 'a key', streaming, startWaitTimeMs: 1 };
  assert.strictEqual((await send('POST', service.url, { configuration })).status, 500);
  const mayFail = { configuration: { ...configuration, initCanFail: true } };
  assert.strictEqual((await send('POST', service.url, mayFail)).status, 201);
});

test('without the harness the command ends with one line', () => {
  const { status, stdout, stderr } = runCommand({});
  assert.deepStrictEqual([status, stdout], [2, '']);
  assert.match(stderr, /^SDK_TEST_HARNESS and SDK_TEST_HARNESS_V3 have to name .*\n$/);
});

test('a variable that names no file ends the command with one line', () => {
  const { status, stdout, stderr } = runCommand({ SDK_TEST_HARNESS: '/no/such/program' });
  assert.deepStrictEqual([status, stdout], [2, '']);
  assert.strictEqual(stderr, 'SDK_TEST_HARNESS: there is no /no/such/program\n');
});

test("where DynamoDB's port is taken the command ends with one line", async (t) => {
  const server = net.createServer();
  t.after(() => server.close());
  const listen = () =>
    new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(DYNAMODB_PORT, '127.0.0.1', () => resolve(true));
    });
  // Another program may have the port, which is as good, and give it back meanwhile. Then there is no Java.
  const variables = { SDK_TEST_HARNESS: process.execPath, PATH: '' };
  let isMine = false;
  let result;
  do {
    isMine = await listen();
    result = runCommand(variables);
  } while (!isMine && result.stderr.includes('there is no Java'));
  assert.deepStrictEqual([result.status, result.stdout], [1, '']);
  assert.match(result.stderr, /^port 8000, where the harness expects DynamoDB, .*: it is taken\n$/);
});

test('what the harness prints is understood', () => {
  const output = [
    '[a]',
    '[a/b]',
    '  FAILED: a/b',
    '[a/c (d)]',
    '  SKIPPED: a/c (d) (a reason)',
    '[a/e]',
    '  SKIPPED: a/e (excluded by filter parameters)',
    '[a/f/g]',
    '  FAILED (non-critical): a/f/g',
    '[h]',
    '  SKIPPED: h',
    'Test Summary: 6 total, 3 skipped, 3 ran',
  ];
  const { count, ran, skipped, failed } = resultsIn(output.join('\n'), 'a log');
  assert.deepStrictEqual([count, ...ran], [3, 'a', 'a/b', 'a/f/g']);
  assert.deepStrictEqual([...failed], ['a/b', 'a/f/g']);
  const reasons = { 'a/c (d)': 'a reason', h: '' };
  assert.deepStrictEqual(Object.fromEntries(skipped), reasons);
  assert.strictEqual(patternOf('a/c (d)', ran), '^a$/^c \\(d\\)$');
  assert.strictEqual(patternOf('a/f/g', ran), '^a$/^f.g$');
  assert.throws(() => resultsIn('[a]', 'a log'), /did not come to its end.*a log/);
});
