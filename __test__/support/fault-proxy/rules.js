'use strict';

/**
 * Faults between a store and DynamoDB, as data: rules that can be sent to another process.
 *
 * @typedef {object} Rule
 * @property {keyof typeof FAULTS} [fault]
 * @property {string[]} [operations] the operations that it applies to; default: all
 * @property {number} [rate] the share of requests that it applies to; default: 1
 * @property {number} [share] the share of rows that `unprocessed` withholds
 * @property {string} [containing] only requests whose body has this text
 * @property {number} [delay] the delay of requests, in milliseconds
 */

const zlib = require('node:zlib');

const { failure, randomNumbers, unprocessed } = require('../faults');
const { HANG, RESET } = require('../engine-proxy');

/** The pause between two bytes of a slow answer, in milliseconds. */
const DRIP_MS = 50;

/** Makes an answer that is sent in its own way. */
const sentBy = (write) => async (_request, forward) => {
  const answer = await forward();
  return { ...answer, write: (response) => write(response, JSON.stringify(answer.body)) };
};
const ok = (response, text) => response.writeHead(200).end(text);

/** Makes an answer of these bytes, then closes the connection. */
const raw = (bytes) => sentBy((response) => response.socket.end(bytes));
/** Makes an HTML answer, as from a portal or a load balancer. */
const page = (status) =>
  sentBy((response) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end('<html><body>Please log in</body></html>');
  });

const FAULTS = {
  throttle: () => failure(400, 'ProvisionedThroughputExceededException'),
  breakdown: () => failure(500, 'InternalServerError'),
  unavailable: () => failure(503, 'ServiceUnavailable'),
  denied: () => failure(400, 'AccessDeniedException'),
  refused: () => failure(400, 'ValidationException'),
  expired: () => failure(400, 'ExpiredTokenException'),
  skewed: () => failure(400, 'RequestTimeTooSkewed'),
  reset: () => RESET,
  hang: () => HANG,
  /** The engine executes the request, but the answer is lost. */
  lost: async (_request, forward) => {
    await forward();
    return RESET;
  },
  truncated: sentBy((response, text) => ok(response, text.slice(0, text.length / 2))),
  garbled: sentBy((response) => ok(response, 'this is no JSON')),
  empty: sentBy((response) => ok(response, '')),
  /** The connection breaks in the middle of the body. */
  cut: sentBy((response, text) => {
    response.writeHead(200, { 'content-length': text.length + 1 });
    response.write(text.slice(0, text.length / 2), () => response.destroy());
  }),
  /** Answers that are not valid HTTP. */
  'status line': raw('HTTP/1.1 banana\r\n\r\n'),
  'other protocol': raw('SSH-2.0-OpenSSH_9.6\r\n'),
  'control character': raw('HTTP/1.1 200 OK\r\nx-a: \0\r\ncontent-length: 2\r\n\r\n{}'),
  'two lengths': raw('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'),
  'half a chunk': raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n99\r\n{"Item"'),
  'no chunk': raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n'),
  /** Answers from something other than DynamoDB. */
  portal: page(200),
  'not found': page(404),
  moved: page(301),
  forbidden: page(403),
  'other object': sentBy((response) => ok(response, '{"status":"ok"}')),
  'no object': sentBy((response) => ok(response, '[1]')),
  'other error': () => ({ status: 400, body: { error: 'no' } }),
  'other encoding': sentBy((response, text) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(zlib.gzipSync(text));
  }),
  /** The body never ends. */
  slow: sentBy((response, text) => {
    response.writeHead(200, { 'content-length': text.length + 1e6 });
    const drip = setInterval(() => response.write(' '), DRIP_MS);
    response.once('close', () => clearInterval(drip));
  }),
};

/**
 * @param {Rule[]} rules the first rule that applies to a request is used
 * @param {number} seed
 * @returns {import('../engine-proxy').Interceptor}
 */
function interceptor(rules, seed) {
  const random = randomNumbers(seed);
  const withheld = new Map(
    rules.filter(({ share }) => share).map((rule) => [rule, unprocessed(rule.share, seed)])
  );
  return async (request, forward) => {
    const hit = rules.find(
      ({ operations, rate = 1, containing = '' }) =>
        (!operations || operations.includes(request.operation)) &&
        random() < rate &&
        JSON.stringify(request.body).includes(containing)
    );
    if (!hit) return undefined;
    if (hit.delay) await new Promise((resolve) => setTimeout(resolve, hit.delay));
    if (withheld.has(hit)) return withheld.get(hit)(request, forward);
    return hit.fault ? FAULTS[hit.fault](request, forward) : undefined;
  };
}

module.exports = { FAULTS, interceptor };
