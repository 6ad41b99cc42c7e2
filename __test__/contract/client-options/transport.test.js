'use strict';

/**
 * How connections are made: time-outs, TLS, proxies, agents.
 */

const assert = require('node:assert');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { test } = require('node:test');

const { AWS_ENVIRONMENT } = require('../../support/environment');

const { childResult } = require('../../support/child');
const { PATIENT, waitFor } = require('../../support/wait');
const {
  FEATURES,
  FLAG,
  certificates,
  openStore,
  proxyServer,
  read,
  receiver,
  row,
} = require('../../support/receiver');

const certified = certificates();
const skip = certified ? false : 'there is no openssl';
const basic = (text) => `Basic ${Buffer.from(text).toString('base64')}`;

/** Time-outs of an attempt, by the option that they are in. */
const attemptTimeouts = {
  'httpOptions.timeout': { httpOptions: { timeout: 200 } },
  'requestHandler.requestTimeout': { requestHandler: { requestTimeout: 200 } },
  'requestHandler.socketTimeout': { requestHandler: { socketTimeout: 200, requestTimeout: 0 } },
  'a shorter requestHandler.socketTimeout': {
    requestHandler: { socketTimeout: 200, requestTimeout: 600_000 },
  },
};
for (const [what, options] of Object.entries(attemptTimeouts)) {
  test(`an attempt that takes longer than ${what} is given up`, async (t) => {
    const server = await receiver(t, { answer: (_, number) => (number < 3 ? null : undefined) });
    const { item, requests } = await read(t, { ...options, maxAttempts: 100 }, { server });
    assert.deepStrictEqual(item, FLAG);
    // On a busy machine an answer may take as long, too.
    assert.ok(requests.length >= 3, `${requests.length} requests`);
  });
}

/** A server whose connections never get ready: it accepts them and says nothing, as TLS begins. */
async function silent(t) {
  const sockets = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { endpoint: `https://localhost:${server.address().port}`, sockets };
}

for (const [what, options] of Object.entries({
  'httpOptions.connectTimeout': { httpOptions: { connectTimeout: 200 } },
  'requestHandler.connectionTimeout': { requestHandler: { connectionTimeout: 200 } },
})) {
  test(`a connection that takes longer than ${what} is given up`, async (t) => {
    const { endpoint, sockets } = await silent(t);
    const store = openStore(t, { endpoint, maxAttempts: 2, ...options }, { readTimeout: 600 });
    assert.strictEqual(await store.get(FEATURES, 'a'), null);
    await waitFor(() => sockets.length >= 2, 'two connections');
  });
}

row('defaultsMode', 'it decides how long a connection may take to be made', async (t) => {
  const { endpoint } = await silent(t);
  for (const defaultsMode of ['in-region', async () => 'in-region']) {
    const store = openStore(t, { endpoint, maxAttempts: 1, defaultsMode }, { readTimeout: 600 });
    assert.strictEqual(await store.get(FEATURES, 'a'), null);
  }
  assert.throws(() => openStore(t, { defaultsMode: 'slow' }), /clientOptions.defaultsMode/);
});

/** Ways of naming a proxy with a user and a password. */
const proxies = {
  'httpOptions.proxy': (url) => ({ httpOptions: { proxy: url.href } }),
  'httpOptions.proxy as a URL': (url) => ({ httpOptions: { proxy: url } }),
  'an agent with a URL': (url) => ({ httpOptions: { agent: { proxy: url, maxSockets: 9 } } }),
  'an agent with the parts of a URL': ({ hostname, port }) => ({
    requestHandler: {
      httpAgent: { proxy: { protocol: 'http:', hostname, port, auth: 'me:pass word' } },
      httpsAgent: { proxy: { protocol: 'http:', hostname, port, auth: 'me:pass word' } },
    },
  }),
  'an agent that makes tunnels': ({ hostname: host, port }) => ({
    httpOptions: { agent: { options: { proxy: { host, port, proxyAuth: 'me:pass word' } } } },
  }),
};

for (const [what, options] of Object.entries(proxies)) {
  test(`plain requests go through ${what}, with its user and password`, async (t) => {
    const proxy = await proxyServer(t);
    const url = new URL(`http://me:pass%20word@127.0.0.1:${proxy.port}`);
    const clientOptions = { endpoint: 'http://dynamodb.test:8000', ...options(url) };
    const { item, lines } = await read(t, clientOptions, { server: { requests: [] } });
    assert.deepStrictEqual([item, lines], [FLAG, []]);
    const [method, path, authorization] = proxy.requests.pop();
    assert.deepStrictEqual([method, path], ['POST', 'http://dynamodb.test:8000/']);
    assert.strictEqual(authorization, basic('me:pass word'));
  });
}

row('httpOptions', 'HTTPS goes through a tunnel of the proxy', { skip }, async (t) => {
  const server = await receiver(t, { tls: certified.tls });
  const proxy = await proxyServer(t, server);
  const httpOptions = {
    proxy: `http://me:pass@127.0.0.1:${proxy.port}`,
    agent: new https.Agent({ ca: certified.ca }),
  };
  const { item, lines, request } = await read(t, { httpOptions }, { server });
  assert.deepStrictEqual([item, lines], [FLAG, []]);
  assert.deepStrictEqual(new Set(proxy.connects()), new Set([`localhost:${server.port}`]));
  assert.deepStrictEqual(proxy.requests[0][2], basic('me:pass'));
  assert.strictEqual(request.headers['proxy-authorization'], undefined);
  assert.strictEqual(request.headers.host, `localhost:${server.port}`);
});

row('httpOptions', 'bad members are TypeErrors that show nothing, others are warnings', (t) => {
  for (const proxy of ['ftp://me:hush@proxy', 'http://', 5, {}, 'socks5://hush']) {
    assert.throws(
      () => openStore(t, { httpOptions: { proxy } }),
      (error) => error instanceof TypeError && !error.message.includes('hush')
    );
  }
  assert.throws(() => openStore(t, { httpOptions: { agent: 5 } }), /httpOptions.agent/);
  const { lines } = openStore(t, { httpOptions: { keepAlive: 1, xhrAsync: true } });
  assert.strictEqual(lines.length, 1);
  assert.ok(lines[0].message.includes('clientOptions.httpOptions.keepAlive'));
});

test('a proxy that answers for nobody is an error line without its password', async (t) => {
  const proxy = await proxyServer(t);
  const httpOptions = { proxy: `http://me:hush@127.0.0.1:${proxy.port}` };
  const clientOptions = { endpoint: 'https://dynamodb.test', httpOptions, maxAttempts: 1 };
  const { item, lines } = await read(t, clientOptions, { server: { requests: [] } });
  assert.strictEqual(item, null);
  assert.strictEqual(lines[0].level, 'error');
  assert.ok(!JSON.stringify(lines).includes('hush'), JSON.stringify(lines));
});

/** Reads in a process with these variables. */
async function readElsewhere(clientOptions, env) {
  const options = { ...PATIENT, clientOptions };
  const input = { table: 'my-table', options, calls: [['get', FEATURES, 'a']] };
  const { results, lines } = await childResult('operate.js', input, { ...AWS_ENVIRONMENT, ...env });
  return { item: results[0], lines };
}

/** Variables that name this proxy, and no exceptions. */
const variables = (url) => ({
  HTTP_PROXY: url,
  HTTPS_PROXY: url,
  http_proxy: url,
  https_proxy: url,
  ALL_PROXY: url,
  NO_PROXY: undefined,
  no_proxy: undefined,
});

row('proxyFromEnvironment', 'proxies of the environment are used only with it', async (t) => {
  const server = await receiver(t);
  const proxy = await proxyServer(t);
  const env = variables(proxy.url);
  for (const proxyFromEnvironment of [undefined, false]) {
    const clientOptions = { endpoint: server.endpoint, proxyFromEnvironment };
    assert.deepStrictEqual(await readElsewhere(clientOptions, env), { item: FLAG, lines: [] });
  }
  assert.deepStrictEqual(proxy.requests, []);
  const clientOptions = { endpoint: 'http://dynamodb.test', proxyFromEnvironment: true };
  assert.deepStrictEqual(await readElsewhere(clientOptions, env), { item: FLAG, lines: [] });
  assert.deepStrictEqual(proxy.paths(), ['http://dynamodb.test/']);
});

for (const [what, excepted] of Object.entries({
  'an address': () => ({ NO_PROXY: '127.0.0.1' }),
  'the lower-case name': () => ({ no_proxy: '127.0.0.1' }),
  'a network': () => ({ NO_PROXY: 'localhost,127.0.0.0/8' }),
  everything: () => ({ NO_PROXY: '*' }),
  'an address and its port': (port) => ({ NO_PROXY: `localhost:1, 127.0.0.1:${port}` }),
  'entries with blanks': (port) => ({ no_proxy: ` .internal  127.0.0.1:${port} ` }),
})) {
  test(`NO_PROXY may hold ${what}`, async (t) => {
    const server = await receiver(t);
    const proxy = await proxyServer(t);
    const { port } = new URL(server.endpoint);
    const env = { ...variables(proxy.url), ...excepted(port) };
    const near = { endpoint: server.endpoint, proxyFromEnvironment: true };
    assert.deepStrictEqual(await readElsewhere(near, env), { item: FLAG, lines: [] });
    assert.strictEqual(proxy.requests.length, 0);
  });
}

test('another port than that of an entry in NO_PROXY goes through the proxy', async (t) => {
  const proxy = await proxyServer(t);
  const env = { ...variables(proxy.url), NO_PROXY: '127.0.0.1:1' };
  const clientOptions = { endpoint: 'http://127.0.0.1:2', proxyFromEnvironment: true };
  assert.deepStrictEqual(await readElsewhere(clientOptions, env), { item: FLAG, lines: [] });
  assert.deepStrictEqual(proxy.paths(), ['http://127.0.0.1:2/']);
});

row('proxyFromEnvironment', 'HTTPS then goes through a tunnel', { skip }, async (t) => {
  const server = await receiver(t, { tls: certified.tls });
  const proxy = await proxyServer(t, server);
  const env = { ...variables(proxy.url), AWS_CA_BUNDLE: certified.caFile };
  const clientOptions = { endpoint: server.endpoint, proxyFromEnvironment: true };
  assert.deepStrictEqual(await readElsewhere(clientOptions, env), { item: FLAG, lines: [] });
  assert.deepStrictEqual(new Set(proxy.connects()), new Set([`localhost:${server.port}`]));
});

test('credentials of a container are not fetched through a proxy', async (t) => {
  const requested = [];
  const metadata = http.createServer((incoming, response) => {
    requested.push(incoming.url);
    const keys = { AccessKeyId: 'CONTAINER', SecretAccessKey: 'hush', Token: 'hush' };
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    response.end(JSON.stringify({ ...keys, Expiration }));
  });
  await new Promise((resolve) => metadata.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    metadata.closeAllConnections();
    metadata.close();
  });
  const proxy = await proxyServer(t);
  const env = {
    ...variables(proxy.url),
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${metadata.address().port}/keys`,
  };
  for (const options of [{ proxyFromEnvironment: true }, { httpOptions: { proxy: proxy.url } }]) {
    const clientOptions = { endpoint: 'http://dynamodb.test', ...options };
    assert.deepStrictEqual(await readElsewhere(clientOptions, env), { item: FLAG, lines: [] });
  }
  assert.deepStrictEqual(requested, ['/keys', '/keys']);
  assert.deepStrictEqual(proxy.paths(), ['http://dynamodb.test/', 'http://dynamodb.test/']);
});

for (const [what, options] of Object.entries({
  'an agent': (ca) => ({ httpOptions: { agent: new https.Agent({ ca }) } }),
  'an agent, as a buffer': (ca) => ({
    requestHandler: { httpsAgent: new https.Agent({ ca: [Buffer.from(ca)] }) },
  }),
  'options of an agent': (ca) => ({ requestHandler: { httpsAgent: { ca } } }),
})) {
  test(`an authority of ${what} is trusted`, { skip }, async (t) => {
    const server = await receiver(t, { tls: certified.tls });
    const { item, lines } = await read(t, options(certified.ca), { server });
    assert.deepStrictEqual([item, lines], [FLAG, []]);
  });
}

test('an authority that nobody named is not trusted', { skip }, async (t) => {
  const server = await receiver(t, { tls: certified.tls });
  const { item, lines } = await read(t, { maxAttempts: 1 }, { server });
  assert.strictEqual(item, null);
  assert.match(lines[0].message, /certificate/i);
});

test('certificates that are none are a warning', { skip }, async (t) => {
  const server = await receiver(t, { tls: certified.tls });
  const clientOptions = { maxAttempts: 1, httpOptions: { agent: { options: { ca: 'nonsense' } } } };
  const { lines } = await read(t, clientOptions, { server });
  assert.ok(lines.some(({ level, message }) => level === 'warn' && message.includes('(ca)')));
});

for (const [what, options] of Object.entries({
  'httpOptions.agent': () => ({ httpOptions: { agent: new http.Agent({ maxSockets: 1 }) } }),
  'requestHandler.httpAgent': () => ({
    requestHandler: { httpAgent: new http.Agent({ maxSockets: 1 }) },
  }),
})) {
  test(`no more requests are under way than maxSockets of ${what}`, async (t) => {
    let [underWay, most] = [0, 0];
    const answer = async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setTimeout(resolve, 20));
      underWay -= 1;
    };
    const server = await receiver(t, { answer });
    const store = openStore(t, { endpoint: server.endpoint, ...options() });
    const items = await Promise.all(['a', 'a', 'a'].map((key) => store.get(FEATURES, key)));
    assert.deepStrictEqual(items, [FLAG, FLAG, FLAG]);
    assert.strictEqual(most, 1);
  });
}

for (const [what, agent] of Object.entries({
  rejectUnauthorized: new https.Agent({ rejectUnauthorized: false }),
  cert: new https.Agent({ cert: 'x', key: 'y' }),
  proxy: Object.assign(new http.Agent(), { getProxyForUrl: () => 'http://proxy' }),
  agent: { addRequest() {}, options: {} },
})) {
  test(`${what} of an agent that can't be honoured is a warning`, (t) => {
    const { lines } = openStore(t, { httpOptions: { agent } });
    assert.ok(lines.length > 0);
    assert.ok(lines[0].message.includes(`httpOptions.agent`), lines[0].message);
    assert.ok(lines.some(({ message }) => message.includes(what)));
    assert.ok(lines.every(({ message }) => message.includes('dynamoDBClient')));
  });
}

row('requestHandler', 'the configuration of a handler, also one that is ready late', async (t) => {
  const config = { connectionTimeout: 500, requestTimeout: 200 };
  const handlers = [
    { handle() {}, httpHandlerConfigs: () => config },
    (() => {
      const handler = { handle() {}, httpHandlerConfigs: () => handler.config || {} };
      handler.configProvider = (async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        handler.config = config;
        return config;
      })();
      return handler;
    })(),
  ];
  for (const requestHandler of handlers) {
    const server = await receiver(t, { answer: (_, number) => (number < 2 ? null : undefined) });
    const clientOptions = { requestHandler, maxAttempts: 100 };
    const { item, requests, lines } = await read(t, clientOptions, { server });
    assert.deepStrictEqual([item, lines], [FLAG, []]);
    assert.ok(requests.length >= 2, `${requests.length} requests`);
  }
});

row('requestHandler', 'one of a foreign kind is a warning', async (t) => {
  const { item, lines } = await read(t, { requestHandler: { handle() {} } });
  assert.deepStrictEqual([item, lines.length], [FLAG, 1]);
  assert.ok(lines[0].message.includes('clientOptions.requestHandler'));
});
