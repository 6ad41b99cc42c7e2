'use strict';

/** What a client does that is no client of an AWS SDK, or fails in a way of its own. */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { DynamoDBFeatureStore } = require('../../..');
const { FEATURES } = require('../../support/data');
const { recordingLogger } = require('../../support/logger');
const { IMPATIENT, PATIENT, promised, waitFor } = require('../../support/wait');

const v = (key, version, more = {}) => ({ key, version, ...more });
const ROW = { namespace: 'features', key: 'a', version: 1, item: JSON.stringify(v('a', 1)) };
const TYPED_ROW = {
  namespace: { S: 'features' },
  key: { S: 'a' },
  version: { N: '1' },
  item: { S: JSON.stringify(v('a', 1)) },
};

function open(t, dynamoDBClient, options = {}) {
  const logger = recordingLogger();
  const value = DynamoDBFeatureStore('flags', { dynamoDBClient, logger, ...PATIENT, ...options });
  t.after(() => value.close());
  return { value, store: promised(value), logger };
}

for (const [what, client] of Object.entries({
  'get that calls back': { get: (_params, callback) => callback(null, { Item: ROW }) },
  'get that returns a promise': { get: async () => ({ Item: ROW }) },
  'get that returns something with a promise': {
    get: () => ({ promise: async () => ({ Item: ROW }) }),
  },
  'get that calls back twice': {
    get: (_params, callback) => {
      callback(null, { Item: ROW });
      callback(new Error('once more'));
    },
  },
  'getItem that calls back': {
    getItem: (_params, callback) => callback(null, { Item: TYPED_ROW }),
  },
  'getItem, and send, that return promises': {
    getItem: async () => ({ Item: TYPED_ROW }),
    send: () => assert.fail('it is not needed'),
  },
  'send that returns a promise': { send: async () => ({ Item: TYPED_ROW }) },
})) {
  test(`a double with only ${what} is enough to get`, async (t) => {
    const { store, logger } = open(t, client);
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), v('a', 1));
    assert.deepStrictEqual(logger.lines, []);
  });
}

test('a double gets the requests that DynamoDB does', async (t) => {
  /** @type {Record<string, any>} */
  const requested = {};
  const record = (name, answer) => (params, callback) => {
    requested[name] = params;
    callback(null, answer);
  };
  const { store, logger } = open(t, {
    get: record('get', {}),
    query: record('query', { Items: [] }),
    put: record('put', undefined),
    batchWrite: record('batchWrite', undefined),
  });
  await store.get(FEATURES, 'a');
  await store.all(FEATURES);
  const { query } = requested;
  await store.upsert(FEATURES, v('a', 2));
  await store.init({ features: { b: v('b', 1) } });
  assert.deepStrictEqual(requested.get.Key, { namespace: '$inited', key: '$inited' });
  assert.strictEqual(query.ExpressionAttributeValues[':namespace'], 'features');
  const item = { ...ROW, version: 2, item: JSON.stringify(v('a', 2)) };
  assert.deepStrictEqual(requested.put.Item, item);
  assert.ok(requested.put.ConditionExpression.includes('attribute_not_exists'));
  assert.strictEqual(requested.put.ExpressionAttributeValues[':version'], 2);
  assert.strictEqual(requested.batchWrite.RequestItems.flags.length, 1);
  assert.deepStrictEqual(logger.lines, []);
});

const THROWS = () => {
  throw new Error('sorry');
};
/** What the log says, where it is not what was thrown. */
const CAUSES = {
  'that never answers': 'did not answer in time',
  'that throws nothing': 'no reason named',
  'whose errors throw': 'no reason named',
};
for (const [what, answer] of Object.entries({
  'that throws': THROWS,
  'that throws no error': () => {
    throw 'sorry';
  },
  'that fails': (_params, callback) => callback(new Error('sorry')),
  'that rejects': async () => THROWS(),
  'that throws nothing': () => {
    throw null;
  },
  'whose errors throw': () => {
    throw Object.defineProperties(
      {},
      { code: { get: THROWS }, message: { get: THROWS }, name: { get: THROWS } }
    );
  },
  'that never answers': () => {},
})) {
  test(`with a client ${what}, reads give null, writes call back, and the log has the cause`, async (t) => {
    const client = { get: answer, query: answer, put: answer, batchWrite: answer };
    const { value, store, logger } = open(t, client, IMPATIENT);
    assert.strictEqual(await store.get(FEATURES, 'a'), null);
    assert.strictEqual(await store.all(FEATURES), null);
    assert.strictEqual(await store.initialized(), false);
    const cause = CAUSES[what] || 'sorry';
    assert.ok(logger.linesWith(cause).length > 0, JSON.stringify(logger.lines));
    logger.lines.length = 0;
    await store.upsert(FEATURES, v('a', 1));
    await store.init({ features: { b: v('b', 1) } });
    assert.ok(logger.lines.some(({ level }) => level === 'error'));
    const isAvailable = await new Promise((resolve) => value.isStoreAvailable(resolve));
    assert.strictEqual(isAvailable, false);
  });
}

for (const nonsense of [undefined, null, 5, 'text', [], { Item: 5 }, { Item: { key: 'a' } }]) {
  const text = JSON.stringify(nonsense);
  test(`${text} for an item is an error line`, async (t) => {
    const client = { get: (_params, callback) => callback(null, nonsense) };
    const { store, logger } = open(t, client, IMPATIENT);
    assert.strictEqual(await store.get(FEATURES, 'a'), null);
    if (!Array.isArray(nonsense)) assert.strictEqual(logger.lines[0].level, 'error');
  });
}

for (const nonsense of [undefined, {}, { Items: 5 }, { Items: [5] }, { Items: [{}] }]) {
  test(`${JSON.stringify(nonsense)} for all items is an error line`, async (t) => {
    const client = { query: (_params, callback) => callback(null, nonsense) };
    const { store, logger } = open(t, client, IMPATIENT);
    assert.strictEqual(await store.all(FEATURES), null);
    assert.strictEqual(logger.lines[0].level, 'error');
  });
}

test('a method that is missing is named', async (t) => {
  const client = { get: (_params, callback) => callback(null, {}) };
  const { store, logger } = open(t, client, { readTimeout: 5 });
  assert.strictEqual(await store.all(FEATURES), null);
  assert.strictEqual(logger.linesWith('query').length, 1, JSON.stringify(logger.lines));
});

test('a put whose condition does not hold gives what is there', async (t) => {
  const failure = Object.assign(new Error('no'), {
    code: 'ConditionalCheckFailedException',
    statusCode: 400,
  });
  const newer = v('a', 7);
  const { store, logger } = open(t, {
    put: (_params, callback) => callback(failure),
    get: (_params, callback) =>
      callback(null, { Item: { ...ROW, version: 7, item: JSON.stringify(newer) } }),
  });
  await store.upsert(FEATURES, v('a', 2));
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), newer);
  assert.deepStrictEqual(logger.lines, []);
});

test('clientOptions beside a client are ignored with a warning', async (t) => {
  const client = { get: (_params, callback) => callback(null, {}) };
  const { logger } = open(t, client, { clientOptions: { region: 5 } });
  assert.strictEqual(logger.linesWith('clientOptions', 'dynamoDBClient').length, 1);
});

test('a client whose request can not be aborted disturbs nothing', async (t) => {
  let aborted = false;
  const abort = () => {
    aborted = true;
    throw new Error('sorry');
  };
  const { store } = open(t, { get: () => ({ abort }) }, IMPATIENT);
  assert.strictEqual(await store.get(FEATURES, 'a'), null);
  await waitFor(() => aborted, 'the request to be aborted');
});

test('a package of commands that is missing is named, and not the network', () => {
  // Where neither the application nor this package has it.
  const application = `
    const { DynamoDBFeatureStore } = require(process.argv[1]);
    const store = DynamoDBFeatureStore('flags', { dynamoDBClient: { send: async () => ({}) } });
    store.get({ namespace: 'features' }, 'a', (item) => {
      console.log(item);
      store.close();
    });`;
  const args = ['-e', application, path.join(__dirname, '../../..')];
  const options = { cwd: os.tmpdir(), encoding: /** @type {const} */ ('utf8') };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  assert.strictEqual(status, 0, stderr);
  assert.strictEqual(stdout, 'null\n');
  assert.match(
    stderr,
    /^error: .*no request was sent: .*@aws-sdk\/client-dynamodb, which can't be found\. Install it.*\n$/
  );
  assert.doesNotMatch(stderr, /network/);
});

for (const client of [{}, 'text', 5, true, [], { get: 5 }]) {
  test(`${JSON.stringify(client)} as dynamoDBClient is a TypeError`, () => {
    assert.throws(
      () => DynamoDBFeatureStore('flags', { dynamoDBClient: client }),
      (error) => error instanceof TypeError && error.message.startsWith('dynamoDBClient')
    );
  });
}
