'use strict';

/**
 * A server on this machine that stands in for LaunchDarkly's: it sends flags and segments to SDK
 * clients as server-sent events, and to those that poll as JSON, and takes the events that they
 * send.
 */

const http = require('node:http');

/**
 * @typedef {{key: string, version: number, [member: string]: any}} Item a flag or a segment
 * @typedef {{flags: Record<string, Item>, segments: Record<string, Item>}} Data each by key
 */

class StreamServer {
  /**
   * @param {Partial<Data>} data
   */
  constructor({ flags = {}, segments = {} }) {
    /** @type {Data} */
    this.data = { flags: { ...flags }, segments: { ...segments } };
    /** @type {Set<http.ServerResponse>} the open streams */
    this.streams = new Set();
    this.server = http.createServer((request, response) => this.answer(request, response));
    /** What SDKs take as `baseUri`, `streamUri` and `eventsUri`. */
    this.url = '';
  }

  async listen() {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', () => resolve(undefined));
    });
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.server.address());
    this.url = `http://127.0.0.1:${port}`;
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  answer(request, response) {
    request.resume();
    switch (`${request.method} ${request.url}`) {
      case 'GET /all':
        this.openStream(response);
        break;
      case 'GET /sdk/latest-all':
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(this.data));
        break;
      case 'POST /bulk':
      case 'POST /diagnostic':
        response.writeHead(202).end();
        break;
      default:
        response.writeHead(404).end();
    }
  }

  /**
   * @param {http.ServerResponse} response
   */
  openStream(response) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write(asEvent('put', { path: '/', data: this.data }));
    this.streams.add(response);
    response.once('close', () => this.streams.delete(response));
  }

  /**
   * @param {string} type
   * @param {object} data
   */
  send(type, data) {
    for (const stream of this.streams) stream.write(asEvent(type, data));
  }

  /** Replaces everything. */
  putAll({ flags = {}, segments = {} }) {
    this.data = { flags: { ...flags }, segments: { ...segments } };
    this.send('put', { path: '/', data: this.data });
  }

  /**
   * @param {Item} flag
   */
  patchFlag(flag) {
    this.data.flags[flag.key] = flag;
    this.send('patch', { path: `/flags/${flag.key}`, data: flag });
  }

  /**
   * @param {Item} segment
   */
  patchSegment(segment) {
    this.data.segments[segment.key] = segment;
    this.send('patch', { path: `/segments/${segment.key}`, data: segment });
  }

  /**
   * @param {string} key
   * @param {number} version of the deletion
   */
  deleteFlag(key, version) {
    delete this.data.flags[key];
    this.send('delete', { path: `/flags/${key}`, version });
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/**
 * @param {string} type
 * @param {object} data
 * @returns {string} a server-sent event
 */
function asEvent(type, data) {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/**
 * @param {Partial<Data>} data
 */
async function startStreamServer(data) {
  const server = new StreamServer(data);
  await server.listen();
  return server;
}

module.exports = { startStreamServer };
