'use strict';

/**
 * `AWS.config` of a version 2 of the AWS SDK that the application has loaded. The module here has only
 * what is read of it.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, beforeEach, test } = require('node:test');

require('../../support/environment');

const {
  FEATURES,
  FLAG,
  KEYS,
  openStore,
  proxyServer,
  read,
  receiver,
} = require('../../support/receiver');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-global-config-'));
const core = path.join(folder, 'node_modules', 'aws-sdk', 'lib', 'core.js');
fs.mkdirSync(path.dirname(core), { recursive: true });
fs.writeFileSync(core, 'module.exports = {};\n');

/** As version 2 has it when nobody has set anything. */
const NOTHING_SET = {
  credentials: null,
  region: undefined,
  logger: null,
  endpoint: undefined,
  httpOptions: { timeout: 120000 },
  maxRetries: undefined,
  maxRedirects: 10,
  sslEnabled: true,
  useFipsEndpoint: false,
  useDualstackEndpoint: false,
  correctClockSkew: false,
  customUserAgent: null,
  systemClockOffset: 0,
};

/** Loads the SDK, configured like this. */
function configure(config) {
  require(core).config = { ...NOTHING_SET, ...config };
}

beforeEach(() => {
  delete require.cache[core];
});
after(() => {
  delete require.cache[core];
  fs.rmSync(folder, { recursive: true });
});

test('without options it is what is obeyed', async (t) => {
  const server = await receiver(t);
  configure({ region: 'sa-east-1', credentials: KEYS, endpoint: server.endpoint });
  const store = openStore(t, undefined);
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), FLAG);
  assert.deepStrictEqual(store.lines, []);
  const [request] = server.requests;
  assert.deepStrictEqual([request.region, request.accessKeyId], ['sa-east-1', 'AKID']);
});

test('what is set for DynamoDB goes before what is set for all', async (t) => {
  const dynamodb = { region: 'eu-south-1' };
  configure({ region: 'sa-east-1', dynamodb });
  assert.strictEqual((await read(t, {})).request.region, 'eu-south-1');
});

test('clientOptions go before it', async (t) => {
  const server = await receiver(t);
  configure({
    region: 'sa-east-1',
    endpoint: 'http://127.0.0.1:1',
    maxRetries: 0,
    credentials: { ...KEYS, accessKeyId: 'GLOBAL', getPromise: async () => {} },
  });
  for (const credentials of [{ credentials: KEYS }, KEYS, { credentialProvider: () => KEYS }]) {
    const clientOptions = { region: 'eu-west-2', maxAttempts: 2, ...credentials };
    const { request } = await read(t, clientOptions, { server });
    assert.deepStrictEqual([request.region, request.accessKeyId], ['eu-west-2', 'AKID']);
  }
});

test('credentials that renew themselves are called', async (t) => {
  const credentials = {
    async getPromise() {
      Object.assign(credentials, KEYS);
    },
  };
  configure({ credentials });
  assert.strictEqual((await read(t, {})).request.accessKeyId, 'AKID');
});

test('maxRetries, httpOptions and the user agent are obeyed', async (t) => {
  const proxy = await proxyServer(t);
  configure({
    maxRetries: 0,
    httpOptions: { timeout: 120000, proxy: proxy.url },
    customUserAgent: 'my-app/1',
    region: 'us-east-1',
  });
  const store = openStore(t, {});
  assert.strictEqual(await store.get(FEATURES, 'a'), null);
  assert.ok(proxy.connects().includes('dynamodb.us-east-1.amazonaws.com:443'), `${proxy.requests}`);
});

test('an SDK that is configured in no way, or strangely, changes nothing', async (t) => {
  for (const config of [
    {},
    { region: 5, endpoint: 5, credentials: 'hush', httpOptions: 'x', maxRetries: 'x' },
    { dynamodb: null },
  ]) {
    configure(config);
    const { item, lines, request } = await read(t, {});
    assert.deepStrictEqual([item, lines], [FLAG, []]);
    assert.deepStrictEqual([request.region, request.accessKeyId], ['eu-west-1', 'test']);
  }
  require(core).config = {
    get region() {
      throw new Error('no');
    },
  };
  assert.deepStrictEqual((await read(t, {})).lines, []);
});

test('an SDK that is not loaded is not loaded', async (t) => {
  await read(t, {});
  assert.deepStrictEqual(
    Object.keys(require.cache).filter((file) => file.includes('aws-sdk')),
    []
  );
});
