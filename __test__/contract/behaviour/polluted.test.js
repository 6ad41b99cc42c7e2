'use strict';

/** What somebody has put into `Object.prototype` is no option; what an object has of its class is. */

const assert = require('node:assert');
const { test } = require('node:test');
const { URL } = require('node:url');
const vm = require('node:vm');

require('../../support/environment');

const { DynamoDBFeatureStore } = require('../../..');
const AWS = require('../js-clients/node_modules/aws-sdk');
const { FEATURES, FLAG, KEYS, openStore, read, receiver } = require('../../support/receiver');
const { promised } = require('../../support/wait');

/** Values that would change or break something if they were read as options. */
const POLLUTION = {
  accessKeyId: 'POLLUTED',
  secretAccessKey: 'polluted',
  sessionToken: 'polluted',
  credentials: { accessKeyId: 'POLLUTED', secretAccessKey: 'polluted' },
  credentialProvider: () => ({ accessKeyId: 'POLLUTED', secretAccessKey: 'polluted' }),
  region: 'polluted-1',
  signingRegion: 'polluted-1',
  endpoint: 'http://127.0.0.1:1',
  tls: true,
  profile: 'polluted',
  proxy: 'http://127.0.0.1:1',
  httpOptions: { proxy: 'http://127.0.0.1:1' },
  requestHandler: { requestTimeout: -1 },
  retryStrategy: { maxAttempts: 9 },
  maxAttempts: -1,
  customUserAgent: 'polluted',
  userAgent: 'polluted',
  appId: 'polluted',
  params: { ConsistentRead: true },
  consistentRead: true,
  prefix: 'polluted',
  cacheTTL: 0,
  cacheTtlMs: 0,
  readOnly: true,
  logRequests: true,
  usesJsClient: true,
  hasCredentialsProvider: true,
  hasDeferredOptions: true,
  authorities: 'polluted',
  maxRequests: -1,
  expiration: new Date(0),
  expiresAt: 1,
  accountId: 'polluted',
  get: () => {},
  getPromise: async () => {},
  refresh: () => {},
  resolve: () => {},
  resolvePromise: async () => ({}),
  href: 'http://127.0.0.1:1',
  url: 'http://127.0.0.1:1',
  options: { ca: 'polluted' },
  connectOpts: { ca: 'polluted' },
  rejectUnauthorized: false,
  base: -1,
  customBackoff: true,
  dynamodb: 'polluted',
  mode: 'adaptive',
  logger: { error() {}, warn() {}, info() {} },
  log: () => {},
};

/** Does something while `Object.prototype` has these members. */
async function polluted(members, work) {
  const names = Object.keys(members).filter((name) => !(name in Object.prototype));
  for (const name of names) {
    const value = members[name];
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
  }
  try {
    return await work();
  } finally {
    for (const name of names) delete Object.prototype[name];
  }
}

for (const [name, value] of Object.entries(POLLUTION)) {
  test(`Object.prototype.${name} is no option`, async (t) => {
    const server = await receiver(t);
    for (const clientOptions of [
      { endpoint: server.endpoint, ...KEYS, region: 'eu-west-3' },
      { endpoint: new URL(server.endpoint), credentials: { ...KEYS }, httpOptions: {} },
      { endpoint: { hostname: '127.0.0.1', port: server.port, protocol: 'http' }, ...KEYS },
    ]) {
      // What the helpers of this test read is not to be spoiled: only the options are read so.
      let value_;
      await polluted({ [name]: value }, () => {
        value_ = DynamoDBFeatureStore(
          'my-table',
          Object.assign(Object.create(Object.prototype), { readTimeout: 60, clientOptions })
        );
      });
      t.after(() => value_.close());
      assert.deepStrictEqual(await promised(value_).get(FEATURES, 'a'), FLAG);
      await promised(value_).get(FEATURES, 'a');
    }
    // Cached, not consistent, and so on.
    assert.strictEqual(server.requests.length, 3);
    for (const { accessKeyId, body, headers, region } of server.requests) {
      assert.strictEqual(accessKeyId, 'AKID');
      assert.strictEqual(headers['x-amz-security-token'], undefined);
      assert.ok(['eu-west-1', 'eu-west-3'].includes(region), region);
      assert.ok(!body.ConsistentRead);
      assert.strictEqual(body.Key.namespace.S, 'features');
      assert.ok(!headers['user-agent'].includes('polluted'));
    }
  });
}

test('what comes later is read so, too', async (t) => {
  const server = await receiver(t);
  await polluted(
    { sessionToken: 'polluted', region: 'polluted-1', profile: 'polluted' },
    async () => {
      const store = openStore(t, {
        endpoint: async () => server.endpoint,
        credentials: async () => ({ ...KEYS }),
      });
      assert.deepStrictEqual(await store.get(FEATURES, 'a'), FLAG);
    }
  );
  const [{ accessKeyId, headers, region }] = server.requests;
  assert.deepStrictEqual([accessKeyId, region], ['AKID', 'eu-west-1']);
  assert.strictEqual(headers['x-amz-security-token'], undefined);
});

/** Objects whose members are those of their class. */
class Keys {
  get accessKeyId() {
    return 'AKID';
  }
  get secretAccessKey() {
    return 'hush';
  }
}
class MoreKeys extends Keys {
  get sessionToken() {
    return 'hush-token';
  }
}

test('members of a class are read', async (t) => {
  for (const credentials of [
    new Keys(),
    new MoreKeys(),
    new AWS.Credentials('AKID', 'hush'),
    Object.assign(Object.create(null), KEYS),
    vm.runInNewContext("({ accessKeyId: 'AKID', secretAccessKey: 'hush' })"),
    new Proxy({}, { get: (_, name) => KEYS[name] }),
  ]) {
    const { item, request } = await read(t, { credentials });
    assert.deepStrictEqual(item, FLAG);
    assert.strictEqual(request.accessKeyId, 'AKID');
  }
  const server = await receiver(t);
  const endpoint = new AWS.Endpoint(server.endpoint);
  assert.deepStrictEqual((await read(t, { endpoint }, { server })).item, FLAG);
});

test('a logger whose methods are those of its class is one', async (t) => {
  const lines = [];
  class Base {
    error(line) {
      lines.push(line);
    }
  }
  class Logger extends Base {
    warn(line) {
      lines.push(line);
    }
  }
  const lazy = new Proxy({}, { get: (_, name) => (line) => lines.push([name, line]) });
  for (const logger of [new Logger(), lazy]) {
    const value = DynamoDBFeatureStore('my-table', { logger, prefxi: 1 });
    t.after(() => value.close());
  }
  assert.strictEqual(lines.length, 2);
});
