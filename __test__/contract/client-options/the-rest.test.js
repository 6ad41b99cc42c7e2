'use strict';

/**
 * Who one is said to be, what is logged, and bound parameters.
 */

const assert = require('node:assert');
const crypto = require('node:crypto');
const { test } = require('node:test');

require('../../support/environment');

const { DynamoDBFeatureStore } = require('../../..');
const { FEATURES, FLAG, KEYS, openStore, read, receiver, row } = require('../../support/receiver');

row('customUserAgent', 'it is added to the user agent', async (t) => {
  for (const [customUserAgent, shown] of [
    ['my-app/1.0', ' my-app/1.0'],
    [[['my-app', '1.0'], ['lambda']], ' my-app/1.0 lambda'],
    [['a', 'b/2'], ' a b/2'],
    ['ünder\nline', ' -nder-line'],
  ]) {
    const { item, request } = await read(t, { customUserAgent });
    assert.deepStrictEqual(item, FLAG);
    const agent = request.headers['user-agent'];
    assert.ok(agent.startsWith('aws-sdk-rust/') && agent.endsWith(shown), agent);
  }
  assert.throws(() => openStore(t, { customUserAgent: [5] }), /clientOptions.customUserAgent/);
});

row('userAgentAppId', 'it is in the user agent', async (t) => {
  for (const userAgentAppId of ['my app', async () => 'my app']) {
    const { request } = await read(t, { userAgentAppId });
    assert.ok(request.headers['user-agent'].includes('app/my-app'), request.headers['user-agent']);
  }
});

row('authSchemePreference', 'sigv4 is what there is', async (t) => {
  const lists = [['sigv4'], ['sigv4a', 'aws.auth#sigv4'], 'sigv4a, sigv4', async () => ['sigv4a']];
  for (const authSchemePreference of lists) {
    const { item, request } = await read(t, { authSchemePreference });
    assert.deepStrictEqual(item, FLAG);
    assert.ok(request.headers.authorization.startsWith('AWS4-HMAC-SHA256 '));
  }
  const bad = { authSchemePreference: [5] };
  assert.throws(() => openStore(t, bad), /clientOptions.authSchemePreference/);
});

row('logger', 'it gets a line for each request, without what is in it', async (t) => {
  const failure = { status: 500, body: { __type: 'x#InternalServerError', message: 'no' } };
  for (const method of ['info', 'log', 'write', 'debug']) {
    const lines = [];
    const logger = { [method]: (line) => lines.push(line) };
    const answer = (_, number) => (number === 1 ? failure : undefined);
    const server = await receiver(t, { answer });
    const { item } = await read(t, { logger, maxAttempts: 2 }, { server });
    assert.deepStrictEqual(item, FLAG);
    assert.strictEqual(lines.length, 2);
    const begin = /^DynamoDBFeatureStore \[REQUEST\] table "my-table" in \S+ at http:\S+: /;
    for (const [i, status] of [500, 200].entries()) {
      assert.match(lines[i], begin);
      assert.match(
        lines[i].replace(begin, ''),
        new RegExp(`^GetItem: status ${status}, \\d+ ms\n?$`)
      );
    }
    for (const line of lines) assert.strictEqual(line.endsWith('\n'), method === 'write');
  }
  assert.throws(() => openStore(t, { logger: {} }), /clientOptions.logger/);
});

row('logger', 'one that throws disturbs nobody', async (t) => {
  const logger = {
    log() {
      throw new Error('no');
    },
  };
  const { item, lines } = await read(t, { logger });
  assert.deepStrictEqual([item, lines], [FLAG, []]);
});

row('params', 'ConsistentRead is bound, others are warnings', async (t) => {
  for (const [params, options, consistent] of [
    [{ ConsistentRead: true }, {}, true],
    [{ ConsistentRead: false }, {}, false],
    [{ ConsistentRead: true }, { consistentRead: false }, false],
  ]) {
    const { request, lines } = await read(t, { params }, { options });
    assert.strictEqual(Boolean(request.body.ConsistentRead), consistent);
    assert.deepStrictEqual(lines, []);
  }
  const { lines } = openStore(t, { params: { TableName: 'x', Limit: 5 } });
  assert.strictEqual(lines.length, 2);
  for (const [at, name] of ['TableName', 'Limit'].entries()) {
    assert.strictEqual(lines[at].level, 'warn');
    assert.ok(lines[at].message.includes(`clientOptions.params.${name}`));
  }
  const bad = { params: { ConsistentRead: 1 } };
  assert.throws(() => openStore(t, bad), /clientOptions.params.ConsistentRead/);
});

row('service', 'it is used as dynamoDBClient is', async (t) => {
  const item = { key: 'a', version: 1 };
  const service = {
    getItem: ({ Key }, callback) => {
      const row = { ...Key, version: { N: '1' }, item: { S: JSON.stringify(item) } };
      callback(null, { Item: row });
    },
  };
  const value = DynamoDBFeatureStore('my-table', { clientOptions: { service } });
  t.after(() => value.close());
  const found = await new Promise((resolve) => value.get({ namespace: 'features' }, 'a', resolve));
  assert.deepStrictEqual(found, item);
  const bad = () => DynamoDBFeatureStore('my-table', { clientOptions: { service: {} } });
  assert.throws(bad, { name: 'TypeError', message: /clientOptions\.service/ });
});

row('signatureVersion', 'v4 it is; others are a warning', async (t) => {
  assert.deepStrictEqual((await read(t, { signatureVersion: 'v4' })).lines, []);
  const { item, lines } = await read(t, { signatureVersion: 'v2' });
  assert.deepStrictEqual([item, lines.length], [FLAG, 1]);
  assert.ok(lines[0].message.includes('clientOptions.signatureVersion'));
});

test('requests have the signature that AWS computes (Signature Version 4)', async (t) => {
  const { request } = await read(t, { ...KEYS, sessionToken: 'token', region: 'us-west-1' });
  const { headers } = request;
  const [, scope, names] = /Credential=AKID\/([^,]*), SignedHeaders=([^,]*),/.exec(
    headers.authorization
  );
  for (const name of ['host', 'x-amz-date', 'x-amz-security-token', 'x-amz-target']) {
    assert.ok(names.split(';').includes(name), names);
  }
  const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');
  const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
  const canonical = [
    ...['POST', request.url, ''],
    ...names.split(';').map((name) => `${name}:${headers[name]}`),
    ...['', names, sha256(request.text)],
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce(hmac, `AWS4${KEYS.secretAccessKey}`);
  assert.strictEqual(request.signature, hmac(key, toSign).toString('hex'));
  assert.match(scope, /^\d{8}\/us-west-1\/dynamodb\/aws4_request$/);
});

test('a store that is opened again resolves its options anew', async (t) => {
  const server = await receiver(t);
  const store = openStore(t, {
    endpoint: async () => server.endpoint,
    credentials: async () => KEYS,
  });
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), FLAG);
  store.close();
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), FLAG);
});
