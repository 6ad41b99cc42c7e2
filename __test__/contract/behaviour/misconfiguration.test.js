'use strict';

/** What is set up wrongly is said in one line, with what to do about it. */

const assert = require('node:assert');
const net = require('node:net');
const { test } = require('node:test');

const { childResult } = require('../../support/child');
const { FEATURES } = require('../../support/data');
const { answerWith, failure } = require('../../support/faults');
const { recordingLogger } = require('../../support/logger');
const { scenes } = require('../../support/scene');
const { IMPATIENT, PATIENT, promised } = require('../../support/wait');

const { DynamoDBFeatureStore } = require('../../..');

const newScene = scenes();

const flag = { key: 'a', version: 1 };
/** Every method with its arguments, and what it answers when it can't be done. */
const CALLS = [
  ['get', [FEATURES, 'a'], null],
  ['all', [FEATURES], null],
  ['initialized', [], false],
  ['init', [{ features: { a: flag } }], undefined],
  ['upsert', [FEATURES, flag], undefined],
  ['delete', [FEATURES, 'a', 1], undefined],
];

/**
 * Asserts that each method, of a store of its own, is answered, and logs one error that has `facts` in it.
 *
 * @param {string} table
 * @param {object} options
 * @param {(string | RegExp)[]} facts
 */
async function assertExplained(table, options, facts) {
  await Promise.all(
    CALLS.map(async ([method, args, answer]) => {
      const logger = recordingLogger();
      const value = DynamoDBFeatureStore(table, { ...options, logger });
      assert.strictEqual(await promised(value)[method](...args), answer, method);
      assertLines(logger.lines, table, facts, method);
      value.close();
    })
  );
}

function assertLines(lines, table, facts, method) {
  assert.strictEqual(lines.length, 1, `${method}: ${JSON.stringify(lines)}`);
  const [{ level, message }] = lines;
  assert.strictEqual(level, 'error');
  assert.ok(!message.includes('\n'), message);
  for (const fact of [table, ...facts]) {
    const isThere = typeof fact === 'string' ? message.includes(fact) : fact.test(message);
    assert.ok(isThere, `${method}: no ${fact} in: ${message}`);
  }
}

test('a table that does not exist', async (t) => {
  const scene = await newScene(t);
  const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
  await assertExplained('no-such-table', options, [/does not exist/, /create it/i, '"namespace"']);
});

test('a table with other keys', async (t) => {
  const scene = await newScene(t, ['id', 'part']);
  const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
  await assertExplained(scene.table, options, [/keys/, '"namespace"', '"key"']);
});

test('an endpoint that nobody listens on', async () => {
  // Nobody else gets this port meanwhile.
  const options = { ...IMPATIENT, clientOptions: { endpoint: 'http://127.0.0.1:1' } };
  await assertExplained('my-table', options, [/reached|connect|in time/i, /check/i]);
});

test('an endpoint whose host name does not exist', async () => {
  const options = { ...IMPATIENT, clientOptions: { endpoint: 'http://no-such-host.invalid' } };
  await assertExplained('my-table', options, [/reached|connect|in time/i, /check/i]);
});

test('a server that takes connections and says nothing', async (t) => {
  const sockets = new Set();
  const server = net.createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  for (const scheme of ['http', 'https']) {
    const options = {
      ...IMPATIENT,
      clientOptions: { endpoint: `${scheme}://127.0.0.1:${server.address().port}` },
    };
    await assertExplained('my-table', options, [/in time|reached/, /check/i]);
  }
});

for (const endpoint of ['not a url', 'http://', 'ftp://somewhere', 'http://host:port']) {
  test(`${JSON.stringify(endpoint)} as endpoint`, async () => {
    const facts = [JSON.stringify(endpoint), 'clientOptions.endpoint'];
    await assertExplained('my-table', { clientOptions: { endpoint } }, facts);
  });
}

for (const [code, facts] of Object.entries({
  AccessDeniedException: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem'],
  UnrecognizedClientException: [/credentials/],
  ExpiredTokenException: [/credentials/],
  ProvisionedThroughputExceededException: [/capacity/],
  ThrottlingException: [/capacity/],
})) {
  test(`DynamoDB answering ${code}`, async (t) => {
    const scene = await newScene(t);
    scene.proxy.intercept(answerWith(failure(400, code, 'as the engine says')));
    // Long enough for an answer, on a busy machine, too.
    const times = { readTimeout: 5, writeTimeout: 5 };
    const options = { ...times, clientOptions: { endpoint: scene.proxy.endpoint } };
    await assertExplained(scene.table, options, [code, 'as the engine says', ...facts]);
  });
}

/** Variables that hold a region or credentials, and files that don't exist. */
const NOWHERE = {
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
  AWS_EC2_METADATA_DISABLED: 'true',
};
const CHILD_CALLS = CALLS.map(([method, args]) => [method, ...args]);
/** Of several writes that fail for the same reason only the first one is logged. */
const CHILD_LINES = 4;

/** Asserts that all lines give the cause, and that the first of the reads and that of the writes say what to do. */
function assertAdvised(lines, code, cause, advice) {
  assert.strictEqual(lines.length, CHILD_LINES);
  for (const line of lines) assertLines([line], 'my-table', [`[${code}]`, cause], 'one of all');
  for (const text of advice) {
    const advised = lines.filter(({ message }) => message.includes(text));
    assert.strictEqual(advised.length, 2, JSON.stringify(lines));
  }
}

const ANSWERS = CALLS.map(([, , answer]) => (answer === undefined ? 'done' : answer));

test('no region anywhere', async (t) => {
  const scene = await newScene(t);
  const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
  const env = { ...NOWHERE, AWS_REGION: undefined };
  const input = { table: 'my-table', options, calls: CHILD_CALLS };
  const { results, lines } = await childResult('operate.js', input, env);
  assert.deepStrictEqual(results, ANSWERS);
  assertAdvised(lines, 'NO_REGION', /region/, ['clientOptions.region', 'AWS_REGION']);
});

test('no credentials anywhere', async (t) => {
  const scene = await newScene(t);
  const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
  const env = { ...NOWHERE, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
  const input = { table: 'my-table', options, calls: CHILD_CALLS };
  const { results, lines } = await childResult('operate.js', input, env);
  assert.deepStrictEqual(results, ANSWERS);
  const advice = ['AWS_ACCESS_KEY_ID', 'clientOptions.credentials'];
  assertAdvised(lines, 'NO_CREDENTIALS', /credentials/, advice);
});

const KEYS = { accessKeyId: 'test', secretAccessKey: 'test', sessionToken: 'test' };
for (const [where, keys] of Object.entries({
  clientOptions: KEYS,
  'clientOptions.credentials': { credentials: KEYS },
})) {
  test(`credentials in ${where} and a region do without an environment`, async (t) => {
    const scene = await newScene(t);
    const env = {
      ...NOWHERE,
      AWS_REGION: undefined,
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
    };
    const clientOptions = { endpoint: scene.engine, region: 'eu-west-1', ...keys };
    const input = {
      table: scene.table,
      options: { ...PATIENT, clientOptions },
      calls: CHILD_CALLS,
    };
    const { results, lines } = await childResult('operate.js', input, env);
    assert.deepStrictEqual(results, [null, {}, false, 'done', 'done', 'done']);
    assert.deepStrictEqual(lines, []);
  });
}
