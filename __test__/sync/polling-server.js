'use strict';

/**
 * A local server that stands in for LaunchDarkly's polling service. A test can replace its answers.
 */

const crypto = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const zlib = require('node:zlib');

const SDK_KEY = 'sdk-01234567-89ab-cdef-0123-456789abcdef';

class PollingServer {
  /**
   * @param {{flags?: Record<string, any>, segments?: Record<string, any>}} data items by key
   */
  constructor({ flags = {}, segments = {} }) {
    this.data = { flags, segments };
    /** @type {http.IncomingMessage[]} the requests */
    this.requests = [];
    /** @type {((request: http.IncomingMessage, response: http.ServerResponse) => void) | undefined} */
    this.instead = undefined;
    this.url = '';
  }

  /**
   * @param {object} [tls] a key and a certificate for `localhost`
   */
  async listen(tls) {
    const listener = (request, response) => this.handle(request, response);
    this.server = tls ? https.createServer(tls, listener) : http.createServer(listener);
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address();
    this.url = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  }

  handle(request, response) {
    this.requests.push(request);
    if (this.instead) {
      this.instead(request, response);
      return;
    }
    const body = JSON.stringify(this.data);
    const etag = etagOf(this.data);
    if (request.url !== '/sdk/latest-all') response.writeHead(404).end();
    else if (request.headers.authorization !== SDK_KEY) response.writeHead(401).end();
    else if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
    else {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip', etag };
      response.writeHead(200, headers).end(zlib.gzipSync(body));
    }
  }

  /**
   * Puts items into the data.
   *
   * @param {'flags' | 'segments'} kind
   * @param {...any} items
   */
  put(kind, ...items) {
    const changed = { ...this.data[kind], ...Object.fromEntries(items.map((i) => [i.key, i])) };
    this.data = { ...this.data, [kind]: changed };
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

function etagOf(data) {
  return `"${crypto.createHash('sha1').update(JSON.stringify(data)).digest('hex')}"`;
}

/**
 * @param {import('node:test').TestContext} t the server ends with it
 * @param {ConstructorParameters<typeof PollingServer>[0]} [data]
 * @param {object} [tls]
 */
async function startPollingServer(t, data = {}, tls) {
  const server = new PollingServer(data);
  await server.listen(tls);
  t.after(() => server.close());
  return server;
}

module.exports = { SDK_KEY, etagOf, startPollingServer };
