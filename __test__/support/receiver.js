'use strict';

/**
 * Servers that look at what arrives: one in the place of DynamoDB, and a proxy.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');

const { DynamoDBFeatureStore } = require('../..');
const { recordingLogger } = require('./logger');
const { PATIENT, promised } = require('./wait');

/** What is found in every table here. */
const FLAG = { key: 'a', version: 1 };
const ROW = {
  namespace: { S: 'features' },
  key: { S: 'a' },
  version: { N: '1' },
  item: { S: JSON.stringify(FLAG) },
};
const FEATURES = { namespace: 'features' };
const KEYS = { accessKeyId: 'AKID', secretAccessKey: 'hush' };

/**
 * A test of a row of the table in docs/client-options.md.
 *
 * @param {string} name the option
 * @param {string} what is shown
 * @param {any[]} body what `test` takes besides a name
 */
function row(name, what, ...body) {
  test(`${name}: ${what}`, ...body);
}

/**
 * @typedef {object} Arrived
 * @property {string} operation such as `GetItem`; empty for the question whether DynamoDB is there
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {string} text
 * @property {any} body the same, parsed
 * @property {string} accessKeyId
 * @property {string} region that it was signed for
 * @property {string} signature
 */

/** @returns {Arrived} */
function arrived(incoming, text) {
  const { headers, url } = incoming;
  const authorization = String(headers.authorization || '');
  const [, accessKeyId, region] = /Credential=([^/]*)\/\d+\/([^/]*)\//.exec(authorization) || [];
  const [, signature] = /Signature=(\w+)/.exec(authorization) || [];
  const operation = String(headers['x-amz-target'] || '')
    .split('.')
    .pop();
  const body = text ? JSON.parse(text) : undefined;
  return { operation, url, headers, text, body, accessKeyId, region, signature };
}

/**
 * A server that answers for DynamoDB.
 *
 * @param {any} t the test, at whose end it is closed
 * @param {{tls?: object, answer?: (request: Arrived, number: number) => any, headers?: () => object}} [options]
 *   `answer` gives `{status, body}`; nothing for the flag that every table has; `null` for no answer
 *   ever. `headers` are those of answers
 */
async function receiver(t, { tls, answer = () => undefined, headers = () => ({}) } = {}) {
  /** @type {Arrived[]} */
  const requests = [];
  const listener = async (incoming, response) => {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const request = arrived(incoming, Buffer.concat(chunks).toString());
    if (!request.operation) {
      response.writeHead(200, headers());
      response.end('healthy');
      return;
    }
    requests.push(request);
    const answered = await answer(request, requests.length);
    if (answered === null) return;
    const Item = { ...ROW, ...request.body?.Key };
    const { status, body } = answered || { status: 200, body: { Item } };
    const type = { 'content-type': 'application/x-amz-json-1.0' };
    response.writeHead(status, { ...type, ...headers() });
    response.end(JSON.stringify(body));
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  const port = await listening(t, server);
  const endpoint = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  return { endpoint, port, requests };
}

async function listening(t, server) {
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return server.address().port;
}

/**
 * An HTTP proxy. Whatever the request, it leads to `target`, or answers for it.
 *
 * @param {any} t
 * @param {{port: number} | undefined} [target]
 */
async function proxyServer(t, target) {
  /** Its requests: `[method, url, proxy-authorization]`. */
  const requests = [];
  const server = http.createServer((incoming, response) => {
    requests.push([incoming.method, incoming.url, incoming.headers['proxy-authorization']]);
    incoming.resume();
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ Item: ROW }));
  });
  server.on('connect', (incoming, socket) => {
    requests.push(['CONNECT', incoming.url, incoming.headers['proxy-authorization']]);
    socket.on('error', () => {});
    if (!target) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const onward = net.connect(target.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  const port = await listening(t, server);
  const connects = () => requests.filter(([method]) => method === 'CONNECT').map(([, url]) => url);
  const paths = () => requests.filter(([method]) => method !== 'CONNECT').map(([, url]) => url);
  return { requests, connects, paths, port, url: `http://127.0.0.1:${port}` };
}

/**
 * A store with these client options, uncached.
 *
 * @param {any} t
 * @param {any} clientOptions
 * @param {object} [options] other options of the store
 */
function openStore(t, clientOptions, options = {}) {
  const logger = recordingLogger();
  const value = DynamoDBFeatureStore('my-table', {
    ...PATIENT,
    cacheTTL: 0,
    logger,
    ...options,
    clientOptions,
  });
  t.after(() => value.close());
  return { ...promised(value), lines: logger.lines, linesWith: logger.linesWith };
}

/**
 * Reads one flag with these client options.
 *
 * @returns {Promise<{item: any, lines: any[], request: Arrived, requests: Arrived[]}>}
 */
async function read(t, clientOptions, { server = undefined, options = undefined } = {}) {
  const there = server || (await receiver(t));
  const store = openStore(t, { endpoint: there.endpoint, ...clientOptions }, options);
  const item = await store.get(FEATURES, 'a');
  const { requests } = there;
  return { item, lines: store.lines, requests, request: requests[requests.length - 1] };
}

/** An authority, and a certificate of it for `localhost`; `undefined` where there is no openssl. */
function certificates() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-client-options-'));
  after(() => fs.rmSync(folder, { recursive: true }));
  const openssl = (...args) => {
    const { status, error, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (error) return false;
    if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
    return true;
  };
  if (!openssl('version')) return undefined;
  const key = ['-newkey', 'rsa:2048', '-nodes', '-sha256'];
  const file = (name) => path.join(folder, name);
  openssl(
    'req',
    ...['-x509', '-days', '2', '-subj', '/CN=Test authority'],
    ...key,
    ...['-keyout', 'ca.key', '-out', 'ca.pem']
  );
  openssl(
    'req',
    ...key,
    ...['-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr']
  );
  fs.writeFileSync(
    file('server.ext'),
    'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n'
  );
  openssl(
    'x509',
    '-req',
    ...['-in', 'server.csr', '-out', 'server.pem', '-extfile', 'server.ext'],
    ...['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-sha256']
  );
  return {
    caFile: file('ca.pem'),
    ca: fs.readFileSync(file('ca.pem'), 'utf8'),
    tls: { key: fs.readFileSync(file('server.key')), cert: fs.readFileSync(file('server.pem')) },
  };
}

module.exports = {
  FEATURES,
  FLAG,
  KEYS,
  certificates,
  openStore,
  proxyServer,
  read,
  receiver,
  row,
};
