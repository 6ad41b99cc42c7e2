'use strict';

/**
 * Servers that record what arrives: one in DynamoDB's place, and a proxy.
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

/** The flag in every table of these servers. */
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
 * Defines a test for a row of the table in docs/client-options.md.
 *
 * @param {string} name the option's name
 * @param {string} what what the test shows
 * @param {any[]} body the arguments of `test` after the name
 */
function row(name, what, ...body) {
  test(`${name}: ${what}`, ...body);
}

/**
 * @typedef {object} Arrived
 * @property {string} operation such as `GetItem`; empty for an availability check
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {string} text
 * @property {any} body the parsed `text`
 * @property {string} accessKeyId
 * @property {string} region the region in the signature
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
 * Starts a server that answers in DynamoDB's place.
 *
 * @param {any} t the test; the server closes at its end
 * @param {{tls?: object, answer?: (request: Arrived, number: number) => any, headers?: () => object}} [options]
 *   `answer` returns `{status, body}`; `undefined` for the flag in every table; `null` for never
 *   answering. `headers` returns the headers of answers
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
 * Starts an HTTP proxy. It forwards every request to `target`, or answers it itself.
 *
 * @param {any} t
 * @param {{port: number} | undefined} [target]
 */
async function proxyServer(t, target) {
  /** The requests received: `[method, url, proxy-authorization]`. */
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
 * Makes a store with these client options and without caching.
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
 * Reads one flag through a store with these client options.
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

/** Makes a certificate authority and a certificate for `localhost`; `undefined` if openssl is missing. */
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
