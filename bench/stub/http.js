'use strict';

/**
 * The part of HTTP/1.1 that AWS SDKs use, on plain sockets. `node:http` would take several times the CPU time
 * of answering, on the machine that runs the stores.
 */

const net = require('node:net');

const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/**
 * @typedef {object} Request
 * @property {string} head the request line and the headers
 * @property {Buffer} body
 *
 * @typedef {(request: Request, respond: (response: Buffer) => void) => void} Handler
 */

/**
 * @param {Handler} handle answers the requests of one connection in their order
 * @returns {net.Server}
 */
function createHttpServer(handle) {
  return net.createServer({ noDelay: true }, (socket) => {
    let received = NOTHING;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      for (;;) {
        const request = parse(received);
        if (!request) return;
        received = received.subarray(request.length);
        const closes = /\r\nconnection: *close/i.test(request.head);
        handle(request, (response) => {
          if (closes) socket.end(response);
          else socket.write(response);
        });
      }
    });
  });
}

/**
 * @param {Buffer} received
 * @returns {(Request & {length: number}) | undefined} the first request; `undefined` until it is complete
 */
function parse(received) {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = received.latin1Slice(0, headEnd);
  const bodyStart = headEnd + HEAD_END.length;
  const length = bodyStart + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  if (received.length < length) return undefined;
  return { head, body: received.subarray(bodyStart, length), length };
}

/**
 * @param {number} status
 * @param {Record<string, string | number>} headers the headers other than the length
 * @param {string | Buffer} body
 * @returns {Buffer}
 */
function response(status, headers, body) {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} -\r\n${lines.join('')}content-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

module.exports = { createHttpServer, response };
