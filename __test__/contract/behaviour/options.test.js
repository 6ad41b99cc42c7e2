'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { DynamoDBFeatureStore } = require('../../..');
const { OF_OWN_CLIENT } = require('../../support/connection');
const { FEATURES, itemRow } = require('../../support/data');
const { recordingLogger } = require('../../support/logger');
const { scenes } = require('../../support/scene');
const { IMPATIENT, promised } = require('../../support/wait');

const newScene = scenes();

/** Values that are refused, by option. */
const BAD_VALUES = {
  prefix: [5, {}, [], true, Symbol('prefix')],
  cacheTTL: ['15', NaN, {}, true, [15], 15n],
  readTimeout: [0, -1, NaN, '3', {}, true],
  writeTimeout: [0, -1, NaN, '10', {}, true],
  consistentRead: ['true', 1, 0, {}],
  staleIfError: [-1, NaN, '60', {}, true, 60n],
  staleIfSlow: [-0.1, NaN, '1', {}, true],
  staleWhileRevalidate: [-1, -Infinity, NaN, '60', {}, true],
  maxCacheBytes: [0, -1, 1.5, NaN, Infinity, '1024', 1024n, {}, true],
  preload: ['true', 1, 0, {}],
  readOnly: ['true', 1, 0, {}],
  refill: ['true', 1, 0, {}],
  logger: [{}, { error() {} }, { warn() {} }, 'console', 5, true],
  clientOptions: ['http://localhost:8000', 5, [], true],
};

/** Values that are refused inside `clientOptions`. */
const BAD_CLIENT_VALUES = {
  region: [5, '', {}, true],
  endpoint: [5, {}, true],
  accessKeyId: [5, {}, ''],
  secretAccessKey: [5, {}, ''],
  sessionToken: [5, {}],
  httpOptions: [5, 'slow', [], { timeout: '5' }, { connectTimeout: -1 }],
  requestHandler: [5, [], { requestTimeout: NaN }, { connectionTimeout: true }],
  credentials: ['hush', 5, [], {}, { secretAccessKey: 'hush' }, { accessKeyId: 'hush' }],
};

/** @returns {(error: Error) => boolean} whether it is a TypeError that names an option */
const typeErrorNaming = (name) => (error) => {
  assert.ok(error instanceof TypeError, String(error));
  assert.strictEqual(/** @type {any} */ (error).code, 'INVALID_OPTION');
  assert.ok(error.message.includes(name), error.message);
  assert.ok(!error.message.includes('hush'), error.message);
  return true;
};

const inspect = (value) => require('node:util').inspect(value);

for (const value of [undefined, null, '', 5, {}, ['my-table']]) {
  test(`${inspect(value)} as table name is a TypeError that says so`, () => {
    assert.throws(() => DynamoDBFeatureStore(value), typeErrorNaming('tableName'));
  });
}

for (const value of ['my-prefix', 5, [], true]) {
  test(`${inspect(value)} as options is a TypeError that says so`, () => {
    assert.throws(() => DynamoDBFeatureStore('my-table', value), typeErrorNaming('options'));
  });
}

for (const [name, values] of Object.entries(BAD_VALUES)) {
  for (const value of values) {
    test(`${inspect(value)} as ${name} is a TypeError that says so`, () => {
      const create = () => DynamoDBFeatureStore('my-table', { [name]: value });
      assert.throws(create, typeErrorNaming(name));
    });
  }
}

for (const [name, values] of Object.entries(BAD_CLIENT_VALUES)) {
  for (const value of values) {
    test(`${inspect(value)} as clientOptions.${name} is a TypeError that says so`, () => {
      const keys = { accessKeyId: 'hush', secretAccessKey: 'hush' };
      const options = { clientOptions: { ...keys, [name]: value } };
      const create = () => DynamoDBFeatureStore('my-table', options);
      assert.throws(create, typeErrorNaming(`clientOptions.${name}`));
    });
  }
}

test('half of the credentials are a TypeError that names the other half', () => {
  const withOptions = (clientOptions) => () => DynamoDBFeatureStore('my-table', { clientOptions });
  assert.throws(withOptions({ accessKeyId: 'hush' }), typeErrorNaming('secretAccessKey'));
  assert.throws(withOptions({ secretAccessKey: 'hush' }), typeErrorNaming('accessKeyId'));
});

for (const nothing of [null, undefined]) {
  test(`${nothing} means that an option is not given`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', { key: 'a', version: 1 }));
    const names = [...Object.keys(BAD_VALUES), 'dynamoDBClient', 'unknown'];
    const options = Object.fromEntries(names.map((name) => [name, nothing]));
    const clientNames = [...Object.keys(BAD_CLIENT_VALUES), 'maxRetries'];
    const clientOptions = Object.fromEntries(clientNames.map((name) => [name, nothing]));
    const { logger } = scene;
    const { endpoint } = scene.proxy;
    const value = scene.value({
      ...options,
      logger,
      clientOptions: { ...clientOptions, endpoint },
    });
    const store = promised(value);
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), { key: 'a', version: 1 });
    await store.get(FEATURES, 'a');
    assert.strictEqual(scene.proxy.count('GetItem'), 1);
    assert.deepStrictEqual(logger.lines, []);
    assert.strictEqual(typeof DynamoDBFeatureStore('my-table', options), 'function');
    assert.strictEqual(typeof DynamoDBFeatureStore('my-table', nothing), 'function');
  });
}

/** Asserts that these options cause one line, a warning that names `name`. */
function assertWarning(options, name) {
  const logger = recordingLogger();
  DynamoDBFeatureStore('my-table', { ...options, logger });
  assert.strictEqual(logger.lines.length, 1);
  assert.strictEqual(logger.lines[0].level, 'warn');
  assert.ok(logger.lines[0].message.includes(name), logger.lines[0].message);
}

for (const cacheTTL of [-1, -0.5, -Infinity]) {
  test(`a cacheTTL of ${cacheTTL} means 0, with a warning`, async (t) => {
    assertWarning({ cacheTTL }, 'cacheTTL');
    const scene = await newScene(t);
    const store = scene.open({ cacheTTL });
    await store.get(FEATURES, 'a');
    await store.get(FEATURES, 'a');
    assert.strictEqual(scene.proxy.count('GetItem'), 2);
  });
}

test('an option that does not exist is a warning that names it', () => {
  assertWarning({ prefxi: 'env' }, 'prefxi');
  assertWarning({ cacheTtl: 5 }, 'cacheTtl');
});

for (const [name, value] of Object.entries({
  preload: true,
  staleIfError: 60,
  staleWhileRevalidate: 60,
})) {
  test(`${name} without caching is a warning that names it`, async (t) => {
    assertWarning({ cacheTTL: 0, [name]: value }, name);
    const scene = await newScene(t);
    const store = scene.open({ cacheTTL: 0, [name]: value });
    await store.get(FEATURES, 'a');
    await store.get(FEATURES, 'a');
    assert.deepStrictEqual(scene.proxy.requests, { GetItem: 2 });
  });
}

test('several such options are one warning, and none are without a word', () => {
  const all = { preload: true, staleIfError: 1, staleWhileRevalidate: 1, cacheTTL: 0 };
  for (const name of Object.keys(all)) assertWarning(all, name);
  const logger = recordingLogger();
  const none = { preload: false, staleIfError: 0, staleWhileRevalidate: 0, staleIfSlow: 1 };
  DynamoDBFeatureStore('my-table', { ...none, cacheTTL: 0, logger });
  assert.deepStrictEqual(logger.lines, []);
});

test('refill without writing is a warning that names it', () => {
  assertWarning({ readOnly: true, refill: true }, 'refill');
});

test('an entry of clientOptions that is not honoured is a warning that names it', () => {
  assertWarning({ clientOptions: { signer: {} } }, 'clientOptions.signer');
  assertWarning({ clientOptions: { hush: 'hush-value' } }, 'clientOptions.hush');
  const http = { httpOptions: { timeout: 5, hush: 'hush-value' } };
  assertWarning({ clientOptions: http }, 'clientOptions.httpOptions.hush');
});

test('a store whose options are all right logs nothing', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({
    prefix: 'p',
    cacheTTL: 1.5,
    consistentRead: true,
    readTimeout: 5,
    writeTimeout: 5.5,
    staleIfError: Infinity,
    staleIfSlow: 0,
    staleWhileRevalidate: 0.5,
    maxCacheBytes: 1,
    preload: false,
    readOnly: false,
    refill: true,
    clientOptions: {
      region: 'us-east-1',
      accessKeyId: 'test',
      secretAccessKey: 'test',
      httpOptions: { connectTimeout: 5000, timeout: 0 },
      requestHandler: { requestTimeout: 5000, socketTimeout: null },
    },
  });
  await store.init({ features: {} });
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('the endpoint may be an object that has a URL', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', { key: 'a', version: 1 }));
  const value = DynamoDBFeatureStore(scene.table, {
    logger: scene.logger,
    clientOptions: { endpoint: new URL(scene.engine) },
  });
  assert.deepStrictEqual(await promised(value).get(FEATURES, 'a'), { key: 'a', version: 1 });
});

test(
  'the options are not changed, and changing them later has no effect',
  OF_OWN_CLIENT,
  async (t) => {
    const scene = await newScene(t);
    const options = scene.options({ prefix: 'before' });
    const copy = { ...options, clientOptions: { ...options.clientOptions } };
    const store = promised(DynamoDBFeatureStore(scene.table, options));
    assert.deepStrictEqual(options, copy);
    options.prefix = 'after';
    options.clientOptions.endpoint = 'not a url';
    await store.init({ features: {} });
    assert.ok(await scene.row('before:$inited', 'before:$inited'));
    assert.deepStrictEqual(scene.logger.lines, []);
  }
);

test('no line and no error shows a credential', async (t) => {
  const scene = await newScene(t);
  const keys = { accessKeyId: 'hush-id', secretAccessKey: 'hush-key', sessionToken: 'hush-token' };
  const odd = { ...IMPATIENT, cacheTTL: -1, oops: 1 };
  const endpoints = [scene.proxy.endpoint, 'http://127.0.0.1:1', 'not a url', 'ftp://somewhere'];
  for (const endpoint of endpoints) {
    for (const credentials of [keys, { credentials: keys }]) {
      const clientOptions = { ...credentials, endpoint, maxRetries: 1 };
      const store = promised(
        DynamoDBFeatureStore('no-such-table', { ...odd, clientOptions, logger: scene.logger })
      );
      await store.get(FEATURES, 'a');
      await store.all(FEATURES);
      await store.init({ features: { a: { key: 'a', version: 1 } } });
      await store.upsert(FEATURES, { key: 'a', version: 1 });
    }
  }
  assert.ok(scene.logger.lines.length > 0);
  assert.deepStrictEqual(scene.logger.linesWith('hush'), []);
});
