'use strict';

/** Whatever comes from outside, a line is short, visible and without secrets. */

const assert = require('node:assert');
const http = require('node:http');
const path = require('node:path');
const { test } = require('node:test');

require('../../support/environment');

const { DynamoDBFeatureStore } = require('../../..');
const { FEATURES } = require('../../support/data');
const { recordingLogger } = require('../../support/logger');
const { IMPATIENT, PATIENT, answered, promised } = require('../../support/wait');

const SDK_9 = path.join(__dirname, '../../sdk-suites/v8-v9/node_modules/node-server-sdk-9');
const LONGEST = 1000;
/** Controls, what turns the direction of writing or has no width, and half pairs. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const ODD = 'a\nb\r\tc\u0000\u001b[31md\u202e\u2066\u200b\ufeff\u2028\u0085e';

const CREDENTIALS = {
  accessKeyId: 'AKIDTHATISINUSE12',
  secretAccessKey: 'the/secret+key/that+is/in+use/0123456789',
  sessionToken: 'IQoJb3JpZ2luX2Vj/EJr+IQoJb3JpZ2luX2Vj/EJr+0123456789==',
};
const FLAG = { key: 'my-flag', version: 1, salt: 'salt-of-the-flag', on: true };
const SECRETS = [...Object.values(CREDENTIALS), 'salt-of-the-flag'];

/** Asserts that lines, or messages of errors, can be shown to anybody. */
function assertFit(lines) {
  for (const line of lines) {
    assert.ok(line.length <= 2 * LONGEST && Array.from(line).length <= LONGEST, line.slice(0, 200));
    assert.doesNotMatch(line, INVISIBLE);
    for (const secret of SECRETS) {
      for (const form of [
        secret,
        encodeURIComponent(secret),
        JSON.stringify(secret).slice(1, -1),
      ]) {
        assert.ok(!line.includes(form), line);
      }
    }
    assert.doesNotMatch(line, /Signature=[0-9a-f]|[0-9a-f]{64}/, line);
  }
}

/** What endpoints say of a request that they don't like. */
const ECHOES = {
  'the headers': ({ headers }) => `no: ${JSON.stringify(headers)}`,
  'the headers as they came': ({ rawHeaders }) =>
    rawHeaders.map((text, i) => `${text}${i % 2 ? '\r\n' : ': '}`).join(''),
  'the authorization': ({ headers }) => `who is ${headers.authorization}?`,
  'the token': ({ headers }) => `bad token ${headers['x-amz-security-token']}.`,
  'the token in a URL': ({ headers }) =>
    `see https://h/?X-Amz-Security-Token=${encodeURIComponent(headers['x-amz-security-token'])}&x`,
  'the key id': () => `unknown ${CREDENTIALS.accessKeyId}`,
  'the body': (_, body) => `what is ${body}`,
  'the body as a text': (_, body) => `what is ${JSON.stringify(body)}`,
  'a part of the body': (_, body) => `what is ${body.slice(body.indexOf('\\"salt') - 1)}`,
  'signs that are not visible': () => ODD,
  '2 MB': () => 'far too much '.repeat(150_000),
  '2 MB without a space': () => 'x'.repeat(2_000_000),
  'tokens, 2 MB of them': ({ headers }) => `x${headers['x-amz-security-token']} `.repeat(30_000),
};

/** A server that refuses every request so. */
async function refusing(t, say, { code = 'ValidationException', status = 400 } = {}) {
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const message = say(request, Buffer.concat(chunks).toString());
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: `com.amazonaws#${code}`, message }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

for (const [what, say] of Object.entries(ECHOES)) {
  test(`an endpoint that answers with ${what}`, async (t) => {
    const endpoint = await refusing(t, say);
    const logger = recordingLogger();
    const clientOptions = { endpoint, credentials: CREDENTIALS };
    const options = { ...PATIENT, logger, cacheTTL: 0, clientOptions, sdk: require(SDK_9) };
    const value = DynamoDBFeatureStore('my-table', options);
    t.after(() => value.close());
    const view = value({ basicConfiguration: {} });
    const values = [];
    for (const [method, ...args] of [
      ['get', FEATURES, 'my-flag'],
      ['all', FEATURES],
      ['upsert', FEATURES, FLAG],
      ['init', { features: { 'my-flag': FLAG } }],
    ]) {
      values.push(...(await answered(method, (done) => view[method](...args, done))));
    }
    const errors = values.filter((one) => one instanceof Error).map(({ message }) => message);
    assert.strictEqual(errors.length, 2);
    const lines = logger.lines.map(({ message }) => message);
    assertFit([...lines, ...errors]);
    const read = logger.linesWith('my-table', 'reading', '"my-flag" in "features"');
    assert.strictEqual(read.length, 1, JSON.stringify(lines));
    assert.ok(read[0].message.includes('DynamoDB answered ValidationException'));
  });
}

test('what there is to do is kept in a long line', async (t) => {
  const options = { code: 'AccessDeniedException' };
  const endpoint = await refusing(t, ECHOES['2 MB'], options);
  const logger = recordingLogger();
  const clientOptions = { endpoint, credentials: CREDENTIALS };
  const value = DynamoDBFeatureStore('my-table', { ...PATIENT, logger, clientOptions });
  t.after(() => value.close());
  await promised(value).get(FEATURES, 'my-flag');
  assert.match(
    logger.lines[0].message,
    /^DynamoDBFeatureStore \[ACCESS_DENIED\] table "my-table" .* Allow dynamodb:GetItem /
  );
});

test('an endpoint whose error has an odd name', async (t) => {
  for (const code of [ODD, 'x'.repeat(100_000), CREDENTIALS.sessionToken]) {
    const endpoint = await refusing(t, () => 'no', { code });
    const logger = recordingLogger();
    const clientOptions = { endpoint, credentials: CREDENTIALS };
    const value = DynamoDBFeatureStore('my-table', { ...IMPATIENT, logger, clientOptions });
    await promised(value).get(FEATURES, 'my-flag');
    value.close();
    assert.ok(logger.lines.length >= 1);
    assertFit(logger.lines.map(({ message }) => message));
  }
});

test('names of options, tables, kinds and keys are shown, but in a visible form', async (t) => {
  const logger = recordingLogger();
  const clientOptions = {
    endpoint: 'http://127.0.0.1:1',
    credentials: CREDENTIALS,
    [`no${ODD}`]: 1,
    params: { [ODD]: 1 },
    httpOptions: { [`${ODD}${'y'.repeat(6_000_000)}`]: 1 },
  };
  const options = { ...IMPATIENT, logger, clientOptions, [`nor${ODD}`]: 2 };
  const value = DynamoDBFeatureStore(`my-table${ODD}`, options);
  t.after(() => value.close());
  const store = promised(value);
  const kind = { namespace: `kind${ODD}` };
  await store.get(kind, `key${ODD}`);
  await store.get(kind, 'k'.repeat(6_000_000));
  await store.init({ [`kind${ODD}`]: 5 });
  await store.init({ [`kind${ODD}`]: { a: null } });
  await store.upsert(kind, { version: 1 });
  const lines = logger.lines.map(({ message }) => message);
  assertFit(lines);
  for (const name of ['no', 'nor', 'my-table', 'kind', 'key']) {
    assert.ok(
      lines.some((line) => line.includes(`${name}a\\nb\\r\\tc`)),
      `${name}: ${lines.join('\n')}`
    );
  }
});

test('passwords in URLs are not shown', async () => {
  for (const endpoint of [
    'http://me:hush-hush@host:port/',
    'http://host:port/?password=hush-hush',
    'http://host:port/?X-Amz-Signature=hush-hush&x=y',
    'me:hush-hush@host:port',
    `http://me:${'hush-hush'.repeat(1_000)}@host:port/`,
  ]) {
    const logger = recordingLogger();
    const clientOptions = { endpoint, credentials: CREDENTIALS };
    const value = DynamoDBFeatureStore('my-table', { ...IMPATIENT, logger, clientOptions });
    await promised(value).get(FEATURES, 'k');
    value.close();
    const lines = logger.lines.map(({ message }) => message);
    assertFit(lines);
    assert.ok(lines.length === 1 && lines[0].includes('is not a URL'), lines.join('\n'));
    assert.ok(!lines[0].includes('hush'), lines[0]);
  }
});

for (const [what, thrown] of Object.entries({
  'odd signs': () => new Error(ODD),
  '6 MB': () => new Error('far too much '.repeat(500_000)),
  'a key': () => new Error(`the key ${CREDENTIALS.secretAccessKey} is bad`),
  'half a pair': () => new Error('\ud800'),
})) {
  test(`what callers throw: ${what}`, async (t) => {
    const logger = recordingLogger();
    const throwing = () => {
      throw thrown();
    };
    const clientOptions = { endpoint: 'http://127.0.0.1:1', credentials: CREDENTIALS };
    const inUse = DynamoDBFeatureStore('my-table', { ...IMPATIENT, logger, clientOptions });
    const provided = DynamoDBFeatureStore('my-table', {
      ...IMPATIENT,
      logger,
      clientOptions: { ...clientOptions, credentials: throwing },
    });
    const ownClient = DynamoDBFeatureStore('my-table', {
      ...IMPATIENT,
      logger,
      dynamoDBClient: { send: throwing, getItem: throwing },
    });
    for (const value of [inUse, provided, ownClient]) {
      t.after(() => value.close());
      await promised(value).get(FEATURES, 'k');
    }
    const sdk9 = DynamoDBFeatureStore('my-table', {
      ...IMPATIENT,
      logger,
      clientOptions,
      sdk: require(SDK_9),
    });
    t.after(() => sdk9.close());
    const view = sdk9({ basicConfiguration: {} });
    const item = { key: 'k', version: 1, toJSON: throwing };
    const [failure] = await answered('upsert', (done) => view.upsert(FEATURES, item, done));
    const lines = logger.lines.map(({ message }) => message);
    assert.ok(lines.length >= 4, lines.join('\n'));
    assertFit([...lines, failure.message]);
  });
}
