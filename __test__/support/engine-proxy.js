'use strict';

/**
 * An HTTP or HTTPS server between a store and an engine. It counts requests to the engine, and a test can
 * intercept them.
 */

const http = require('node:http');
const https = require('node:https');
const net = require('node:net');

const { send } = require('./dynamodb');

/** Returned by an interceptor that never answers the request. */
const HANG = Symbol('hang');
/** Returned by an interceptor that breaks the connection. */
const RESET = Symbol('reset');

/**
 * @typedef {object} Request
 * @property {string} operation such as `GetItem`
 * @property {any} body
 * @property {number} call the number of the request among those of this operation, from 1
 *
 * @typedef {{status: number, body: any, write?: (response: http.ServerResponse) => void}} Answer `write`,
 *   if present, sends the answer in another way than DynamoDB's
 *
 * @callback Interceptor
 * @param {Request} request
 * @param {(body?: any) => Promise<Answer | symbol>} forward forwards the request, or another body
 * @returns {Promise<Answer | symbol | undefined> | Answer | symbol | undefined} `undefined` to let
 *   the request pass
 *
 * @typedef {Request & {at: number, arrived: number, answered: number | undefined, answer: any,
 *   connection: number}} Recorded a request with its answer, the positions of both in the order of all
 *   arrivals and answers, and the number of its connection, from 1
 */

class EngineProxy {
  /**
   * @param {string} engineEndpoint
   */
  constructor(engineEndpoint) {
    this.engineEndpoint = engineEndpoint;
    this.agent = new http.Agent({ keepAlive: true });
    /** @type {Interceptor[]} */
    this.interceptors = [];
    /** @type {unknown[]} errors thrown by interceptors */
    this.defects = [];
    this.moment = 0;
    this.connections = 0;
    /** @type {WeakMap<object, number>} numbers of connections */
    this.connectionNumbers = new WeakMap();
    this.reset();
  }

  /** Resets the counts and removes all interceptors. */
  reset() {
    /** @type {Record<string, number>} */
    this.requests = {};
    /** @type {Recorded[]} */
    this.history = [];
    /** The number of availability checks. */
    this.availabilityChecks = 0;
    this.interceptors = [];
  }

  /**
   * Sets the interceptors. The first one sees a request first and an answer last.
   *
   * @param {...Interceptor} interceptors
   */
  intercept(...interceptors) {
    this.interceptors = interceptors;
  }

  /** Returns the number of requests of this operation. */
  count(operation) {
    return this.requests[operation] || 0;
  }

  /** The number of rows put, including single puts. */
  get rowsPut() {
    return this.writes().filter(({ put, taken }) => put && taken).length;
  }

  /** The number of rows deleted in batches. */
  get rowsDeleted() {
    return this.writes().filter(({ put, taken }) => !put && taken).length;
  }

  /**
   * Returns all writes that arrived, in order.
   *
   * @returns {{put: boolean, namespace: string, key: string, row: any, taken: boolean,
   *   arrived: number, answered: number | undefined}[]} if DynamoDB left a write
   *   unprocessed, `taken` is false and the write comes again
   */
  writes() {
    return this.history.flatMap((request) => {
      const { operation, answer, arrived, answered } = request;
      const ok = answer?.status === 200;
      if (operation === 'PutItem') {
        return [{ ...written(request.body.Item, true), taken: ok, arrived, answered }];
      }
      if (operation !== 'BatchWriteItem') return [];
      const left = new Set(ok ? rowRequests(answer.body.UnprocessedItems).map(identity) : []);
      return rowRequests(request.body.RequestItems).map((write) => {
        const { PutRequest, DeleteRequest } = write;
        const row = PutRequest ? PutRequest.Item : DeleteRequest.Key;
        const taken = ok && !left.has(identity(write));
        return { ...written(row, Boolean(PutRequest)), taken, arrived, answered };
      });
    });
  }

  /**
   * @param {http.IncomingMessage} incoming
   * @param {http.ServerResponse} response
   */
  async handle(incoming, response) {
    if (incoming.method === 'GET') {
      // An availability check, which needs no signature.
      this.availabilityChecks += 1;
      response.end('healthy');
      return;
    }
    const operation = String(incoming.headers['x-amz-target']).split('.').pop();
    this.requests[operation] = this.count(operation) + 1;
    const call = this.requests[operation];
    const arrived = this.tick();
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const recorded = {
      operation,
      body,
      call,
      at: Date.now(),
      arrived,
      answered: undefined,
      answer: undefined,
      connection: this.connectionNumber(incoming.socket),
    };
    this.history.push(recorded);

    const answer = await this.pass({ operation, body, call }, this.interceptors);
    if (answer === HANG) return;
    if (answer === RESET) {
      incoming.socket.resetAndDestroy();
      return;
    }
    recorded.answer = answer;
    recorded.answered = this.tick();
    if (answer.write) {
      answer.write(response);
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(answer.body));
  }

  /**
   * @param {Request} request
   * @param {Interceptor[]} interceptors the interceptors that have not seen the request
   * @returns {Promise<any>}
   */
  async pass(request, interceptors) {
    const [next, ...rest] = interceptors;
    if (!next) return send(this.engineEndpoint, request.operation, request.body, this.agent);
    const forward = (body = request.body) => this.pass({ ...request, body }, rest);
    return (await next(request, forward)) ?? forward();
  }

  /**
   * @param {import('net').Socket} socket
   * @returns {number}
   */
  connectionNumber(socket) {
    if (!this.connectionNumbers.has(socket)) {
      this.connections += 1;
      this.connectionNumbers.set(socket, this.connections);
    }
    return this.connectionNumbers.get(socket);
  }

  tick() {
    this.moment += 1;
    return this.moment;
  }
}

function rowRequests(requestItems) {
  return Object.values(requestItems || {}).flat();
}

function identity({ PutRequest, DeleteRequest }) {
  const { namespace, key } = PutRequest ? PutRequest.Item : DeleteRequest.Key;
  return JSON.stringify([namespace.S, key.S]);
}

function written(row, put) {
  return { put, namespace: row.namespace.S, key: row.key.S, row };
}

/**
 * @param {string} engineEndpoint
 * @param {{tls?: {key: string | Buffer, cert: string | Buffer}}} [options] with `tls`, the proxy
 *   speaks HTTPS, as `localhost`
 * @returns {Promise<EngineProxy & {endpoint: string, close: () => Promise<void>,
 *   leave: () => Promise<void>, comeBack: () => Promise<void>}>} `close` fails if an interceptor
 *   threw; from `leave` to `comeBack`, connections are refused
 */
async function startProxy(engineEndpoint, { tls } = {}) {
  const proxy = new EngineProxy(engineEndpoint);
  const listener = (incoming, response) => {
    proxy.handle(incoming, response).catch((defect) => {
      if (!incoming.socket.destroyed) proxy.defects.push(defect);
      incoming.socket.destroy();
    });
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  const listen = (port) =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve(undefined);
      });
    });
  const stop = () => {
    const stopped = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    return stopped;
  };
  await listen(0);
  const { port } = /** @type {import('net').AddressInfo} */ (server.address());

  /** @type {net.Socket | undefined} keeps other processes from taking the port */
  let holder;
  const leave = async () => {
    const stopped = stop();
    const { hostname, port: enginePort } = new URL(engineEndpoint);
    const place = { localAddress: '127.0.0.1', localPort: port };
    holder = net.connect({ host: hostname, port: Number(enginePort), ...place });
    holder.on('error', () => {});
    await stopped;
  };
  const comeBack = async () => {
    await listen(port);
    holder?.resetAndDestroy();
  };
  const close = async () => {
    holder?.destroy();
    await stop();
    proxy.agent.destroy();
    if (proxy.defects.length > 0) throw proxy.defects[0];
  };
  const endpoint = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  return Object.assign(proxy, { endpoint, close, leave, comeBack });
}

module.exports = { HANG, RESET, startProxy };
