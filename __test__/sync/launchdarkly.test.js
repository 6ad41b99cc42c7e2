'use strict';

/** The request to LaunchDarkly, each way in which it fails, and the way it takes. */

const assert = require('node:assert');
const net = require('node:net');
const { test } = require('node:test');
const zlib = require('node:zlib');

const { syncFlags } = require('../..');
const { runChild } = require('../support/child');
const { recordingLogger } = require('../support/logger');
const { certificates, proxyServer } = require('../support/receiver');
const { scenes } = require('../support/scene');
const { SDK_KEY, etagOf, startPollingServer } = require('./polling-server');

const newScene = scenes();
const made = certificates();
const needsOpenssl = made ? false : 'there is no openssl';
const DATA = { flags: { a: { key: 'a', version: 1 } }, segments: {} };
const TEXT = JSON.stringify(DATA);
const text = (body, headers = {}) => [200, headers, body];

/** What LaunchDarkly answers, and the error: its code and message. */
const FAILURES = {
  401: [[401, {}, 'Invalid SDK key'], 'BAD_SDK_KEY', /rejects the SDK key \(401\)/],
  403: [[403], 'BAD_SDK_KEY', /rejects the SDK key \(403\)/],
  404: [[404], 'LAUNCHDARKLY_REFUSED', /answers 404: baseUri is not/],
  'a redirect': [
    [301, { location: 'http://elsewhere.test/?hush' }],
    'LAUNCHDARKLY_REFUSED',
    /answers 301: redirects are not followed/,
  ],
  '304 without an ETag': [[304], 'LAUNCHDARKLY_REFUSED', /answers 304/],
  204: [[204], 'LAUNCHDARKLY_REFUSED', /answers 204/],
  400: [[400], 'LAUNCHDARKLY_REFUSED', /answers 400/],
  429: [[429], 'LAUNCHDARKLY_UNAVAILABLE', /answers 429; sync again later/],
  500: [[500, {}, 'hush'], 'LAUNCHDARKLY_UNAVAILABLE', /answers 500/],
  503: [[503], 'LAUNCHDARKLY_UNAVAILABLE', /answers 503/],
  'no text': [text(''), 'LAUNCHDARKLY_BAD_ANSWER', /is not JSON/],
  'a page': [text('<html>hush</html>'), 'LAUNCHDARKLY_BAD_ANSWER', /is not JSON/],
  'half of the JSON': [text(TEXT.slice(0, 20)), 'LAUNCHDARKLY_BAD_ANSWER', /cut off/],
  'another object': [text('{"hush":1}'), 'LAUNCHDARKLY_BAD_ANSWER', /flags and segments/],
  'no segments': [text('{"flags":{}}'), 'LAUNCHDARKLY_BAD_ANSWER', /flags and segments/],
  'an array of flags': [text('{"flags":[],"segments":{}}'), 'LAUNCHDARKLY_BAD_ANSWER', /and seg/],
  'a flag without a version': [
    text('{"flags":{"a":{"key":"a"}},"segments":{}}'),
    'LAUNCHDARKLY_BAD_ANSWER',
    /"a" in "features": it is not an object with a version/,
  ],
  'an array': [text(`[${TEXT},{}]`), 'LAUNCHDARKLY_BAD_ANSWER', /is not an object with flags/],
  'a version that DynamoDB refuses': [
    text('{"flags":{"a":{"key":"a","version":1e200},"b":{"version":1}},"segments":{}}'),
    'LAUNCHDARKLY_BAD_ANSWER',
    /"a" in "features": it is not an object with a version/,
  ],
  'text that is not UTF-8': [
    text(Buffer.from('{"flags":{"a":{"version":1,"t":"\xff"}},"segments":{}}', 'latin1')),
    'LAUNCHDARKLY_BAD_ANSWER',
    /is not UTF-8/,
  ],
  'no gzip': [text(TEXT, { 'content-encoding': 'gzip' }), 'LAUNCHDARKLY_BAD_ANSWER', /valid gzip/],
  'half of the gzip': [
    text(zlib.gzipSync(TEXT).subarray(0, 30), { 'content-encoding': 'gzip' }),
    'LAUNCHDARKLY_UNAVAILABLE',
    /was cut off/,
  ],
  'another encoding': [
    text(TEXT, { 'content-encoding': 'br' }),
    'LAUNCHDARKLY_BAD_ANSWER',
    /encoding other than gzip/,
  ],
  'a body that breaks off': [
    text(TEXT.slice(0, 20), { 'content-length': 99 }),
    'LAUNCHDARKLY_UNAVAILABLE',
    /was cut off/,
  ],
  'a gzip without end': [
    text(zlib.gzipSync(Buffer.alloc(100 * 1024 * 1024)), { 'content-encoding': 'gzip' }),
    'LAUNCHDARKLY_BAD_ANSWER',
    /more than 96 MiB/,
  ],
};

/** Fails unless a sync fails like this, and writes and says nothing more. */
async function assertFails(scene, options, code, message) {
  const { readTimeout: _, ...others } = scene.options();
  const given = { sdkKey: SDK_KEY, ...others, ...options };
  await assert.rejects(syncFlags(scene.table, given), (failure) => {
    assert.strictEqual(failure.code, code, failure.message);
    assert.match(failure.message, message);
    assert.match(failure.message, new RegExp(`^syncFlags \\[${code}\\] table "test-`));
    assert.doesNotMatch(failure.stack, /hush/);
    assert.ok(!failure.stack.includes(SDK_KEY), failure.stack);
    assert.ok(!failure.message.includes('\n'));
    return true;
  });
  assert.deepStrictEqual(scene.logger.lines, []);
  assert.deepStrictEqual(await scene.rows(), []);
}

for (const [what, [[status, headers = {}, body], code, message]] of Object.entries(FAILURES)) {
  test(`LaunchDarkly answers ${what}`, async (t) => {
    const scene = await newScene(t);
    const server = await startPollingServer(t);
    server.instead = (_request, response) => {
      response.writeHead(status, { ...headers, connection: 'close' });
      if (headers['content-length']) response.write(body, () => response.destroy());
      else response.end(body);
    };
    await assertFails(scene, { baseUri: server.url }, code, message);
    assert.strictEqual(server.requests.length, 1);
  });
}

test('an answer that never ends, or never comes, is a time-out', async (t) => {
  const scene = await newScene(t);
  const server = await startPollingServer(t);
  const error = ['LAUNCHDARKLY_TIMED_OUT', /did not answer completely within 0.3 s/];
  const options = { baseUri: server.url, timeout: 0.3 };
  server.instead = () => {};
  await assertFails(scene, options, ...error);
  server.instead = (_request, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write(' '), 20);
    response.once('close', () => clearInterval(drip));
  };
  await assertFails(scene, options, ...error);
});

test('what speaks no HTTP, and what is not there, can not be reached', async (t) => {
  const scene = await newScene(t);
  const server = net.createServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.6\r\n'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const baseUri = `http://127.0.0.1:${port}`;
  const error = ['LAUNCHDARKLY_UNAVAILABLE', /^\S+ \S+ table \S+: http:\S+ can't be reached: ./];
  await assertFails(scene, { baseUri }, ...error);
  await new Promise((resolve) => server.close(resolve));
  await assertFails(scene, { baseUri }, ...error);
});

test('the request has the key, asks for gzip, and names the ETag', async (t) => {
  const scene = await newScene(t);
  const server = await startPollingServer(t, DATA);
  const { readTimeout: _, ...others } = scene.options({ sdkKey: SDK_KEY, baseUri: server.url });
  await syncFlags(scene.table, others);
  await syncFlags(scene.table, { ...others, etag: 'W/"a b"' });
  const asked = server.requests.map(({ method, url, headers }) => [
    `${method} ${url}`,
    headers.authorization,
    headers['accept-encoding'],
    headers['if-none-match'],
  ]);
  assert.deepStrictEqual(asked, [
    ['GET /sdk/latest-all', SDK_KEY, 'gzip', undefined],
    ['GET /sdk/latest-all', SDK_KEY, 'gzip', 'W/"a b"'],
  ]);
});

test('a bad option rejects, and the error does not have the value', async () => {
  const wrong = {
    sdkKey: ['', 'sdk-hush\n', 'sdk hush', 'sdk-hüsh', 5, {}],
    baseUri: [
      '',
      'hush',
      'ftp://hush',
      'https://me:hush@host',
      'http://a/?hush',
      'http://a#hush',
      5,
    ],
    etag: ['', 'hush\r\n', 5],
    timeout: [0, -1, '5', Number.NaN],
    writeTimeout: [0],
    allowOlder: ['hush', 1],
    allowEmpty: ['hush', 1],
    prefix: [5],
    logger: [{}],
    clientOptions: ['hush'],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const options = { sdkKey: SDK_KEY, baseUri: 'http://127.0.0.1:1', [name]: value };
      await assert.rejects(syncFlags('table', options), (failure) => {
        assert.strictEqual(failure.code, 'INVALID_OPTION', `${name}: ${failure}`);
        assert.ok(
          failure instanceof TypeError && failure.message.startsWith(name),
          failure.message
        );
        assert.doesNotMatch(failure.message, /hush/);
        return true;
      });
    }
  }
  await assert.rejects(syncFlags('', { sdkKey: SDK_KEY }), /tableName/);
  await assert.rejects(syncFlags('table'), /sdkKey \(or the variable LAUNCHDARKLY_SDK_KEY\)/);
});

/** Syncs without newer data, so that no request goes to DynamoDB. */
async function unmodified(server, options) {
  const logger = recordingLogger();
  const etag = etagOf(server.data);
  const given = { sdkKey: SDK_KEY, baseUri: server.url, etag, logger, timeout: 60, ...options };
  const { notModified } = await syncFlags('table', given);
  assert.deepStrictEqual([notModified, logger.lines], [true, []]);
}

test('with TLS, the certificates of clientOptions are trusted', {
  skip: needsOpenssl,
}, async (t) => {
  const server = await startPollingServer(t, DATA, made?.tls);
  await assert.rejects(unmodified(server, {}), {
    code: 'LAUNCHDARKLY_UNAVAILABLE',
    message: /can't be reached: .*(certificate|issuer)/,
  });
  assert.strictEqual(server.requests.length, 0);
  await unmodified(server, { clientOptions: { httpOptions: { agent: { ca: made?.ca } } } });
  // A request handler of version 3 tells its agents later.
  const requestHandler = {
    handle() {},
    httpHandlerConfigs: () => ({}),
    configProvider: Promise.resolve({ httpsAgent: { options: { ca: made?.ca } } }),
  };
  await unmodified(server, { clientOptions: { requestHandler } });
});

for (const name of ['NODE_EXTRA_CA_CERTS', 'AWS_CA_BUNDLE']) {
  test(`${name} names trusted certificates`, { skip: needsOpenssl }, async (t) => {
    const server = await startPollingServer(t, DATA, made?.tls);
    // It is set after the start of the process, too.
    process.env[name] = made?.caFile;
    t.after(() => delete process.env[name]);
    await unmodified(server, {});
  });
}

test('HTTPS goes through a tunnel of the proxy', { skip: needsOpenssl }, async (t) => {
  const server = await startPollingServer(t, DATA, made?.tls);
  const target = { port: Number(new URL(server.url).port) };
  const proxy = await proxyServer(t, target);
  const httpOptions = {
    proxy: `http://me:pass%20word@127.0.0.1:${proxy.port}`,
    agent: { ca: made?.ca },
  };
  // The options are used although DynamoDB's requests go through the caller's client.
  const dynamoDBClient = { send() {} };
  for (const more of [{}, { dynamoDBClient }]) {
    await unmodified(server, { clientOptions: { httpOptions }, ...more });
  }
  const basic = `Basic ${Buffer.from('me:pass word').toString('base64')}`;
  const connect = ['CONNECT', `localhost:${target.port}`, basic];
  assert.deepStrictEqual(proxy.requests, [connect, connect]);
  assert.strictEqual(server.requests[0].headers['proxy-authorization'], undefined);
});

test('HTTP without TLS goes through the proxy as it is', async (t) => {
  const scene = await newScene(t);
  const proxy = await proxyServer(t);
  const httpOptions = { proxy: `http://me:hush@127.0.0.1:${proxy.port}` };
  const options = { baseUri: 'http://relay.test/ld', clientOptions: { httpOptions } };
  // The proxy of this test answers itself.
  await assertFails(scene, options, 'LAUNCHDARKLY_BAD_ANSWER', /flags and segments/);
  assert.strictEqual(proxy.requests[0][1], 'http://relay.test/ld/sdk/latest-all');
});

test('a proxy that refuses is an error without its password', async (t) => {
  const scene = await newScene(t);
  const proxy = await proxyServer(t);
  const httpOptions = { proxy: `http://me:hush@127.0.0.1:${proxy.port}` };
  const options = { baseUri: 'https://relay.test', clientOptions: { httpOptions } };
  const message = /https:\/\/relay.test can't be reached: the proxy answers 502 to CONNECT/;
  await assertFails(scene, options, 'LAUNCHDARKLY_UNAVAILABLE', message);
});

test('a proxy that wants another password says so; the password may have a percent sign', async (t) => {
  const scene = await newScene(t);
  const server = await startPollingServer(t);
  const sent = [];
  server.instead = ({ headers }, response) => {
    sent.push(headers['proxy-authorization']);
    response.writeHead(407).end();
  };
  const { port } = new URL(server.url);
  const httpOptions = { proxy: `http://me:hush%@127.0.0.1:${port}` };
  const options = { baseUri: 'http://relay.test', clientOptions: { httpOptions } };
  const message = /http:\/\/relay.test can't be reached: the proxy answers 407/;
  await assertFails(scene, options, 'LAUNCHDARKLY_UNAVAILABLE', message);
  assert.deepStrictEqual(sent, [`Basic ${Buffer.from('me:hush%').toString('base64')}`]);
});

test('a proxy of the environment that is no URL is an error without its password', async (t) => {
  const scene = await newScene(t);
  t.after(() => delete process.env.HTTPS_PROXY);
  const options = { baseUri: 'https://relay.test', clientOptions: { proxyFromEnvironment: true } };
  const message = /relay.test can't be reached: the proxy must be the URL of an HTTP proxy/;
  for (const proxy of ['http://me:hush@proxy:port', 'socks5://me:hush@proxy:1080']) {
    process.env.HTTPS_PROXY = proxy;
    await assertFails(scene, options, 'LAUNCHDARKLY_UNAVAILABLE', message);
  }
});

test('a server that repeats the key brings it into no log line', async (t) => {
  const scene = await newScene(t);
  const server = await startPollingServer(t);
  const key = 'sdk-a/key';
  const items = Object.fromEntries(
    [key, encodeURIComponent(key)].map((name) => [name, { key: name, version: 1 }])
  );
  server.instead = (_request, response) => {
    response.end(JSON.stringify({ flags: items, segments: {} }));
  };
  scene.proxy.intercept(({ operation }) => {
    if (operation !== 'BatchWriteItem') return undefined;
    return { status: 400, body: { __type: 'com.amazonaws#ValidationException', message: 'no' } };
  });
  const { readTimeout: _, ...others } = scene.options();
  const options = { ...others, sdkKey: key, baseUri: server.url, allowOlder: true };
  await assert.rejects(syncFlags(scene.table, options), (failure) => {
    assert.strictEqual(failure.code, 'REFUSED');
    const lines = scene.logger.lines.map(({ message }) => message);
    assert.strictEqual(lines.length, 2);
    for (const line of [...lines, failure.stack]) {
      assert.ok(!line.includes(key) && !line.includes(encodeURIComponent(key)), line);
    }
    return true;
  });
});

test('a proxy of the environment is used only with proxyFromEnvironment', async (t) => {
  const server = await startPollingServer(t, DATA);
  const proxy = await proxyServer(t);
  const variables = { HTTP_PROXY: `127.0.0.1:${proxy.port}`, NO_PROXY: '.internal' };
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
  await unmodified(server, {});
  assert.deepStrictEqual(proxy.requests, []);
  const clientOptions = { proxyFromEnvironment: true };
  await assert.rejects(unmodified(server, { clientOptions }), {
    code: 'LAUNCHDARKLY_BAD_ANSWER',
  });
  assert.deepStrictEqual(proxy.paths()[0], `${server.url}/sdk/latest-all`);
  process.env.NO_PROXY = '.internal, 127.0.0.0/8';
  await unmodified(server, { clientOptions });
});

test('a sync that fails lets the process end, which prints nothing', async (t) => {
  const server = await startPollingServer(t);
  server.instead = () => {};
  const options = { sdkKey: SDK_KEY, baseUri: server.url, timeout: 0.2 };
  const { code, stdout, stderr } = await runChild(require.resolve('./children/sync'), {
    table: 'table',
    options,
  });
  assert.deepStrictEqual([code, stderr], [0, '']);
  assert.strictEqual(JSON.parse(stdout).code, 'LAUNCHDARKLY_TIMED_OUT');
});
