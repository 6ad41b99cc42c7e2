'use strict';

/** The handler for AWS Lambda: its events, the signature of webhooks, and its answers. */

const assert = require('node:assert');
const { createHmac } = require('node:crypto');
const { test } = require('node:test');

const { createSyncHandler } = require('../..');
const { itemRow } = require('../support/data');
const { scenes } = require('../support/scene');
const { waitFor } = require('../support/wait');
const events = require('./events');
const { SDK_KEY, startPollingServer } = require('./polling-server');

const eventLoop = require('../../lib/host/event-loop');

/** How far the handler's clock is ahead, in milliseconds. The module that uses it is not loaded yet. */
let ahead = 0;
const { now } = eventLoop;
eventLoop.now = () => now() + ahead;

const newScene = scenes();
const SECRET = 'the secret of the webhook';
const BODY = '{"kind":"flag","name":"Grüße"}';
const sign = (body, secret = SECRET) => createHmac('sha256', secret).update(body).digest('hex');

async function setUp(t, options = {}) {
  const scene = await newScene(t);
  const server = await startPollingServer(t, { flags: { a: { key: 'a', version: 1 } } });
  const { readTimeout: _, ...others } = scene.options(options);
  const given = { sdkKey: SDK_KEY, baseUri: server.url, ...others };
  return { scene, server, handler: createSyncHandler(scene.table, given) };
}

const parsed = ({ statusCode, body }) => [statusCode, JSON.parse(body)];

test('a handler is an async function of one parameter', async (t) => {
  const { handler } = await setUp(t);
  assert.deepStrictEqual([handler.length, handler.constructor.name], [1, 'AsyncFunction']);
});

test('schedules and direct calls resolve to the result', async (t) => {
  const { scene, handler } = await setUp(t);
  const { put, notModified, etag } = await handler(events.schedule());
  assert.deepStrictEqual([put, notModified], [1, false]);
  scene.proxy.reset();
  for (const event of [events.schedule(), {}, undefined, null, 'text', { action: 'sync' }]) {
    const again = await handler(event);
    assert.deepStrictEqual([again.notModified, again.etag], [true, etag]);
  }
  assert.deepStrictEqual(scene.proxy.requests, {});
});

test('a handler compares the whole table again after an hour', async (t) => {
  const { scene, server, handler } = await setUp(t);
  await handler();
  ahead = 3601 * 1000;
  t.after(() => {
    ahead = 0;
  });
  await scene.put(itemRow('features', { key: 'stray', version: 1 }));
  assert.deepStrictEqual((await handler()).deleted, 1);
  assert.strictEqual(server.requests.at(-1)?.headers['if-none-match'], undefined);
});

test('after a failure, a handler compares the whole table again', async (t) => {
  const { scene, server, handler } = await setUp(t);
  await handler();
  const { data } = server;
  server.put('flags', { key: 'b', version: 1 });
  scene.proxy.intercept(({ operation, call }) => {
    if (operation !== 'Query' || call < 7) return undefined;
    return { status: 400, body: { __type: 'com.amazonaws#AccessDeniedException', message: 'no' } };
  });
  // The flag is written, then the table can not be read again.
  await assert.rejects(handler(), { code: 'ACCESS_DENIED' });
  assert.ok(await scene.row('features', 'b'));
  scene.proxy.intercept();
  // As from a server that lags behind.
  server.data = data;
  assert.strictEqual((await handler()).notModified, false);
});

for (const etag of ['', '"\xe9"']) {
  test(`a handler does without an ETag like ${JSON.stringify(etag)}`, async (t) => {
    const { server, handler } = await setUp(t);
    server.instead = (_request, response) => {
      response.writeHead(200, { etag }).end(JSON.stringify(server.data));
    };
    assert.strictEqual((await handler()).etag, undefined);
    assert.strictEqual((await handler()).unchanged, 1);
  });
}

test('a logger that rejects does not end the process', async (t) => {
  const logger = { error: () => Promise.reject(new Error('full')), warn() {} };
  const { server, handler } = await setUp(t, { logger });
  const printed = t.mock.method(console, 'error', () => {});
  server.instead = (_request, response) => response.writeHead(503).end();
  const { statusCode } = await handler(events.HTTP['a function URL'](BODY, {}));
  assert.strictEqual(statusCode, 502);
  await waitFor(() => printed.mock.callCount() === 1, 'the line on the console');
});

for (const [name, event] of Object.entries(events.HTTP)) {
  test(`${name}: a signed webhook syncs, and any other is refused`, async (t) => {
    const { scene, server, handler } = await setUp(t, { webhookSecret: SECRET });
    for (const signature of [undefined, '', 'x', sign(BODY, 'another'), sign(`${BODY} `)]) {
      const answer = await handler(event(BODY, { 'X-LD-Signature': signature }));
      assert.deepStrictEqual(parsed(answer), [
        401,
        { error: 'the signature of the webhook is missing or wrong' },
      ]);
    }
    const noText = { ...event(BODY, { 'X-LD-Signature': sign(BODY) }), body: {} };
    assert.strictEqual((await handler(noText)).statusCode, 401);
    assert.deepStrictEqual([server.requests.length, scene.proxy.requests], [0, {}]);
    for (const header of ['X-LD-Signature', 'x-ld-signature', 'X-Ld-Signature']) {
      const [status, { put }] = parsed(await handler(event(BODY, { [header]: sign(BODY) })));
      assert.strictEqual(status, 200);
      assert.strictEqual(typeof put, 'number');
    }
    assert.ok(await scene.row('features', 'a'));
  });

  test(`${name}: without a secret, requests are not checked`, async (t) => {
    const { handler } = await setUp(t);
    assert.strictEqual((await handler(event(BODY, {}))).statusCode, 200);
    assert.strictEqual((await handler(event(null, {}))).statusCode, 200);
  });

  test(`${name}: failures are answered without details, which are in the log`, async (t) => {
    const { scene, server, handler } = await setUp(t, { webhookSecret: SECRET });
    const request = event(BODY, { 'X-LD-Signature': sign(BODY) });
    server.instead = (_request, response) => response.writeHead(503).end('hush');
    const upstream = await handler(request);
    assert.deepStrictEqual(parsed(upstream), [
      502,
      {
        error:
          'the sync failed because of LaunchDarkly (LAUNCHDARKLY_UNAVAILABLE); its log says why',
      },
    ]);
    server.instead = undefined;
    scene.proxy.intercept(() => ({
      status: 400,
      body: { __type: 'com.amazonaws#AccessDeniedException', message: 'no' },
    }));
    const [status, { error }] = parsed(await handler(request));
    assert.strictEqual(status, 500);
    assert.match(error, /this function \(ACCESS_DENIED\)/);
    assert.ok(!error.includes(scene.table), error);
    const lines = scene.logger.linesWith('syncFlags').map(({ level, message }) => {
      assert.ok(message.includes(scene.table), message);
      return [level, message.split(' ')[1]];
    });
    assert.deepStrictEqual(lines, [
      ['error', '[LAUNCHDARKLY_UNAVAILABLE]'],
      ['error', '[ACCESS_DENIED]'],
    ]);
  });
}

test('whatever may come through a network needs the signature', async (t) => {
  const { server, handler } = await setUp(t, { webhookSecret: SECRET });
  const webSocket = { requestContext: { eventType: 'MESSAGE', connectionId: 'id' }, body: BODY };
  const lattice = { method: 'POST', headers: { host: 'a' }, raw_path: '/', body: BODY };
  for (const event of [webSocket, lattice]) {
    assert.strictEqual((await handler(event)).statusCode, 401);
  }
  assert.deepStrictEqual(server.requests, []);
});

test('for a schedule a failure rejects, so that Lambda counts an error', async (t) => {
  const { server, handler } = await setUp(t);
  server.instead = (_request, response) => response.writeHead(401).end();
  await assert.rejects(handler(events.schedule()), { code: 'BAD_SDK_KEY' });
});

test('bad options throw when the handler is made', () => {
  const wrong = [
    [{ sdkKey: SDK_KEY, webhookSecret: '' }, /webhookSecret/],
    [{ sdkKey: SDK_KEY, webhookSecret: 5 }, /webhookSecret/],
    [{ sdkKey: SDK_KEY, webhookSecret: undefined }, /webhookSecret must be a string, or null/],
    [{ sdkKey: SDK_KEY, etag: '"a"' }, /etag/],
    [{ sdkKey: SDK_KEY, baseUri: 'ftp://a' }, /baseUri/],
    [{}, /sdkKey \(or the variable LAUNCHDARKLY_SDK_KEY\)/],
    ['text', /options/],
  ];
  for (const [options, message] of wrong) {
    const make = () => createSyncHandler('table', options);
    assert.throws(make, { name: 'TypeError', code: 'INVALID_OPTION', message });
  }
});
