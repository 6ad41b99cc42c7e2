'use strict';

/**
 * Answers that a server on the way to DynamoDB, or one in its place, might give, and many that none would.
 */

const net = require('node:net');

const { randomNumbers } = require('../support/faults');

/** What must never be logged. */
const SECRETS = {
  accessKeyId: 'AKIAFUZZEDACCESSKEY1',
  secretAccessKey: 'FuzzedSecretAccessKey/abcdefghijklmnopqr',
  sessionToken: 'FuzzedSessionToken+abcdefghijklmnopqrstuvwxyz==',
};
const FLAG_TEXT = 'the text of a flag that nobody is to read';
/** How a server echoes a flag. */
const FLAG = JSON.stringify({ key: 'flag', version: 1, text: FLAG_TEXT });

const LONG = 6_000_000;
/** Characters that change how a line looks: breaks, escapes, and others that print nothing. */
const NASTY = [
  '\n',
  '\r\n',
  '\x1b[31m',
  '\0',
  '\u202e',
  '\u2028',
  '\u200b',
  '\x07',
  '\x9b',
  '\ufeff',
  '\ud800',
];
const TYPES = [
  'ResourceNotFoundException',
  'ValidationException',
  'AccessDeniedException',
  'UnrecognizedClientException',
  'ExpiredTokenException',
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'InternalServerError',
  'ConditionalCheckFailedException',
  'ItemCollectionSizeLimitExceededException',
  'RequestTimeTooSkewed',
  'InvalidSignatureException',
  'NobodyKnowsThisException',
];
const STATUSES = [
  200, 200, 200, 201, 204, 206, 301, 304, 400, 400, 400, 401, 403, 404, 408, 413, 429, 500, 502,
  503,
];

/**
 * @typedef {{operation: string, head: string, body: any}} Request
 * @typedef {() => number} Random
 */

const pick = (random, list) => list[Math.floor(random() * list.length)];
const whole = (random, below) => Math.floor(random() * below);

/** Text of any kind: harmless, nasty, long, or what the request holds. */
function text(random, { head, body }) {
  const secret = pick(random, [...Object.values(SECRETS), FLAG, head, JSON.stringify(body)]);
  const nasty = () => Array.from({ length: 3 }, () => `a${pick(random, NASTY)}b`).join('');
  return pick(random, [
    () => 'no',
    () => '',
    nasty,
    () => secret,
    () => `${nasty()}${secret}${nasty()}`,
    () => 'é🦀'.repeat(whole(random, 500)),
    () => (random() < 0.02 ? 'x'.repeat(LONG) : 'x'.repeat(5000)),
    () => `The Canonical String for this request\n${secret}`,
  ])();
}

/** A value that stands where another one is expected. */
function anything(random, request, depth = 0) {
  const more = () => anything(random, request, depth + 1);
  const simple = [null, true, 0, -1, 1e300, '', 'features', {}, [], text(random, request)];
  if (depth > 3 || random() < 0.5) return pick(random, simple);
  return random() < 0.5 ? [more(), more()] : { [pick(random, ['S', 'N', 'key', 'x'])]: more() };
}

function row(random, namespace, key) {
  const item = { key, version: whole(random, 9), text: FLAG_TEXT };
  return {
    namespace: { S: namespace },
    key: { S: key },
    version: { N: String(item.version) },
    item: { S: JSON.stringify(item) },
  };
}

/** What DynamoDB might answer, as an object. */
function goodBody(random, { operation, body }) {
  const ConsumedCapacity = { TableName: 'flags', CapacityUnits: 1 };
  const key = body.Key?.key.S || 'flag-1';
  const namespace = body.Key?.namespace.S || 'features';
  switch (operation) {
    case 'GetItem':
      return { Item: row(random, namespace, key), ConsumedCapacity };
    case 'Query':
      return { Items: [row(random, 'features', 'flag-1')], Count: 1, ScannedCount: 1 };
    case 'BatchWriteItem':
      return { UnprocessedItems: {} };
    default:
      return { ConsumedCapacity };
  }
}

/** Changes one place of an object. */
function changed(random, request, value) {
  if (typeof value !== 'object' || value === null || random() < 0.25) {
    return anything(random, request);
  }
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const name = pick(random, Object.keys(copy));
  if (name === undefined) return anything(random, request);
  if (random() < 0.2) delete copy[name];
  else copy[name] = changed(random, request, copy[name]);
  return copy;
}

function pageKey(random) {
  return {
    namespace: { S: pick(random, ['features', 'segments']) },
    key: { S: pick(random, ['', 'a', 'flag-1', 'z', 'z'.repeat(2000)]) },
  };
}

function errorBody(random, request) {
  const type = pick(random, [
    () => pick(random, TYPES),
    () => `com.amazonaws.dynamodb.v20120810#${pick(random, TYPES)}`,
    () => pick(random, TYPES),
    () => text(random, request),
    () => anything(random, request),
  ])();
  const message = random() < 0.8 ? text(random, request) : anything(random, request);
  const name = pick(random, ['message', 'Message', 'errorMessage', 'error']);
  return {
    [pick(random, ['__type', '__type', '__type', 'code', 'Code'])]: type,
    [name]: message,
    ...(random() < 0.2 ? { Item: row(random, 'features', pick(random, ['flag-1', 'x'])) } : {}),
  };
}

/** The text of a body. */
function bodyText(random, request) {
  const good = goodBody(random, request);
  const json = (value) => JSON.stringify(value) || '';
  return pick(random, [
    () => json(good),
    () => json(good),
    () => json(changed(random, request, good)),
    () => json(changed(random, request, changed(random, request, good))),
    () => json(anything(random, request)),
    () => json(errorBody(random, request)),
    () => json(errorBody(random, request)),
    () => json({ ...good, LastEvaluatedKey: pageKey(random) }),
    () => json({ ...good, UnprocessedItems: { flags: [anything(random, request)] } }),
    () => json({ UnprocessedItems: request.body.RequestItems || { other: [] } }),
    () => json(good).slice(0, whole(random, json(good).length)),
    () => `${json(good)}${pick(random, ['}', '{}', '\0', ' x'])}`,
    () => text(random, request),
    () => `<html><body>${text(random, request)}</body></html>`,
    () => `${'['.repeat(2000)}${']'.repeat(2000)}`,
    () => `{"Item":${'{"a":{"M":'.repeat(500)}{}${'}}'.repeat(500)}}`,
  ])();
}

function statusLine(random, request) {
  const status = pick(random, STATUSES);
  if (random() < 0.8) return `HTTP/1.1 ${status} ${pick(random, ['OK', '', 'No'])}`;
  return pick(random, [
    () => `HTTP/1.0 ${status} OK`,
    () => `HTTP/2.0 ${status} OK`,
    () => `HTTP/1.1 ${whole(random, 2000)}`,
    () => 'HTTP/1.1',
    () => 'ICY 200 OK',
    () => `HTTP/1.1 ${status} ${text(random, request).slice(0, 10_000)}`,
    () => text(random, request).slice(0, 10_000),
    () => `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 ${status} OK`,
    () => 'HTTP/1.1 101 Switching Protocols',
  ])();
}

function headers(random, request, length) {
  const all = [`content-type: ${pick(random, ['application/x-amz-json-1.0', 'text/html', ''])}`];
  const framing = [
    ...Array(12).fill([`content-length: ${length}`]),
    ['connection: close', `content-length: ${length}`],
    ['connection: close'],
    [`content-length: ${length}`, `content-length: ${length + 1}`],
    [`content-length: ${length}, ${length}`],
    ['content-length: banana'],
    ['content-length: -1'],
    [`content-length: ${'9'.repeat(30)}`],
    ['transfer-encoding: chunked'],
    ['transfer-encoding: chunked', `content-length: ${length}`],
    ['transfer-encoding: gzip'],
  ];
  all.push(...pick(random, framing));
  if (random() < 0.2) {
    all.push(
      pick(random, [
        () => 'x-nul: \0',
        () => ': no name',
        () => 'no colon',
        () => ' folded',
        () => `x-long: ${'x'.repeat(500_000)}`,
        () => Array.from({ length: 300 }, (_, at) => `x-${at}: y`).join('\r\n'),
        () => `x-amzn-errortype: ${text(random, request).slice(0, 10_000)}`,
        () => `x-amzn-errortype: ${pick(random, TYPES)}:http://x/`,
        () => `x-amzn-requestid: ${text(random, request).slice(0, 10_000)}`,
        () => `date: ${text(random, request).slice(0, 1000)}`,
        () => 'date: Thu, 01 Jan 1970 00:00:00 GMT',
        () => 'content-encoding: gzip',
        () => 'location: http://169.254.169.254/',
        () => 'retry-after: 999999999',
        () => 'x-amz-retry-after: 999999999',
      ])()
    );
  }
  return all.join('\r\n');
}

/**
 * @param {number} seed
 * @param {number} number which answer
 * @param {Request} request
 * @returns {{bytes: Buffer, end: boolean}} what is sent, and whether the connection then ends
 */
function answerFor(seed, number, request) {
  const random = randomNumbers(seed * 1_000_003 + number);
  for (let skipped = 0; skipped < 3; skipped += 1) random();
  const body = Buffer.from(bodyText(random, request));
  const head = `${statusLine(random, request)}\r\n${headers(random, request, body.length)}\r\n\r\n`;
  const chunked = /transfer-encoding: chunked/.test(head) && random() < 0.7;
  const framed = chunked
    ? Buffer.concat([
        Buffer.from(`${body.length.toString(16)}\r\n`),
        body,
        Buffer.from('\r\n0\r\n\r\n'),
      ])
    : body;
  let bytes = Buffer.concat([Buffer.from(head), framed]);
  if (random() < 0.1) bytes = bytes.subarray(0, whole(random, bytes.length));
  if (random() < 0.1 && bytes.length > 0) {
    bytes = Buffer.from(bytes);
    bytes[whole(random, Math.min(bytes.length, 400))] = whole(random, 256);
  }
  // An answer that seems to go on would be waited for; some are, until the time-out.
  return { bytes, end: random() < 0.97 };
}

/** @returns {{bytes: Buffer, end: boolean}} */
function goodAnswer(request) {
  const body = JSON.stringify(goodBody(randomNumbers(1), request));
  const head = `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}`;
  return { bytes: Buffer.from(`${head}\r\n\r\n${body}`), end: false };
}

/**
 * A server that answers each request with these bytes.
 *
 * @param {(request: Request) => {bytes: Buffer, end: boolean}} answer
 */
async function startServer(answer) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (;;) {
        const headEnd = received.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        const head = received.subarray(0, headEnd).toString();
        const length = Number((/content-length: *(\d+)/i.exec(head) || [])[1] || 0);
        const end = headEnd + 4 + length;
        if (received.length < end) return;
        const body = JSON.parse(received.subarray(headEnd + 4, end).toString() || '{}');
        const operation = (/x-amz-target: .*\.(\w+)/i.exec(head) || [])[1] || '';
        received = received.subarray(end);
        const { bytes, end: ends } = answer({ operation, head, body });
        if (ends) socket.end(bytes);
        else socket.write(bytes);
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return { endpoint: `http://127.0.0.1:${port}`, close };
}

module.exports = { FLAG_TEXT, SECRETS, answerFor, goodAnswer, startServer };
