'use strict';

/**
 * A local server that stands in for LaunchDarkly's. It sends flags and segments as server-sent events to
 * streaming SDK clients and as JSON to polling ones, and accepts their analytics events.
 *
 * Clients of SDK 9 with a data system use other paths and another protocol.
 */

const http = require('node:http');

const transfer = require('./transfer');

/**
 * @typedef {{key: string, version: number, [member: string]: any}} Item a flag or a segment
 * @typedef {{flags: Record<string, Item>, segments: Record<string, Item>}} Data items by key
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
    /** @type {Set<http.ServerResponse>} the open streams of data systems */
    this.transfers = new Set();
    this.server = http.createServer((request, response) => this.answer(request, response));
    /** The SDKs' `baseUri`, `streamUri` and `eventsUri`. */
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
      case 'GET /sdk/stream':
        this.openTransfer(response);
        break;
      case 'GET /sdk/latest-all':
        answerJson(response, this.data);
        break;
      case 'GET /sdk/poll':
        answerJson(response, { events: transfer.everything(this.data) });
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
   * @param {http.ServerResponse} response
   */
  openTransfer(response) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    sendTransfer(response, transfer.everything(this.data));
    for (const streams of [this.streams, this.transfers]) {
      streams.add(response);
      response.once('close', () => streams.delete(response));
    }
  }

  /**
   * @param {string} type
   * @param {object} data
   * @param {import('./transfer').Event[]} events the same change in the data systems' protocol
   */
  send(type, data, events) {
    for (const stream of this.streams) {
      if (this.transfers.has(stream)) sendTransfer(stream, events);
      else stream.write(asEvent(type, data));
    }
  }

  /** Replaces all flags and segments. */
  putAll({ flags = {}, segments = {} }) {
    this.data = { flags: { ...flags }, segments: { ...segments } };
    this.send('put', { path: '/', data: this.data }, transfer.everything(this.data));
  }

  /**
   * @param {Item} flag
   */
  patchFlag(flag) {
    this.patchFlags([flag]);
  }

  /**
   * @param {Item[]} flags sent to data systems as one change, to others as one change each
   */
  patchFlags(flags) {
    for (const flag of flags) this.data.flags[flag.key] = flag;
    const patches = flags.map((flag) =>
      asEvent('patch', { path: `/flags/${flag.key}`, data: flag })
    );
    const change = transfer.change('flag', ...flags);
    for (const stream of this.streams) {
      if (this.transfers.has(stream)) sendTransfer(stream, change);
      else stream.write(patches.join(''));
    }
  }

  /**
   * @param {Item} segment
   */
  patchSegment(segment) {
    this.data.segments[segment.key] = segment;
    const patch = { path: `/segments/${segment.key}`, data: segment };
    this.send('patch', patch, transfer.change('segment', segment));
  }

  /**
   * @param {string} key
   * @param {number} version the version of the deletion
   */
  deleteFlag(key, version) {
    delete this.data.flags[key];
    const deletion = { path: `/flags/${key}`, version };
    this.send('delete', deletion, transfer.deletion('flag', key, version));
  }

  /**
   * @param {string} key
   * @param {number} version the version of the deletion
   */
  deleteSegment(key, version) {
    delete this.data.segments[key];
    const deletion = { path: `/segments/${key}`, version };
    this.send('delete', deletion, transfer.deletion('segment', key, version));
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
 * @param {http.ServerResponse} stream
 * @param {import('./transfer').Event[]} events
 */
function sendTransfer(stream, events) {
  for (const { event, data } of events) stream.write(asEvent(event, data));
}

/**
 * @param {http.ServerResponse} response
 * @param {object} data
 */
function answerJson(response, data) {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(data));
}

/**
 * @param {Partial<Data>} data
 */
async function startStreamServer(data) {
  const server = new StreamServer(data);
  await server.listen();
  return server;
}

module.exports = { StreamServer, answerJson, asEvent, startStreamServer };
