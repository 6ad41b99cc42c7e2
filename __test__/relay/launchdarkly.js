'use strict';

/**
 * A local stand-in for LaunchDarkly with several environments, for the Relay Proxy and for SDK clients.
 *
 * @typedef {import('../../demo/stream-server').Data} Data
 */

const http = require('node:http');

const { StreamServer, answerJson, asEvent } = require('../../demo/stream-server');

/** An environment that also has big segments. Their changes form one chain of revisions. */
class Environment extends StreamServer {
  /**
   * @param {Partial<Data>} data
   */
  constructor(data) {
    super(data);
    /** @type {any[]} */
    this.revisions = [];
    /** @type {Set<http.ServerResponse>} the open streams of revisions */
    this.revisionStreams = new Set();
    /** @type {(string | null)[]} the cursors with which revisions were asked for */
    this.cursors = [];
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  answer(request, response) {
    const { pathname, searchParams } = new URL(String(request.url), 'http://stand-in');
    if (pathname === '/sdk/big-segments/revisions') {
      const cursor = searchParams.get('after');
      this.cursors.push(cursor);
      answerJson(response, this.revisions.slice(Number(cursor)));
    } else if (pathname === '/big-segments') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      this.revisionStreams.add(response);
      response.once('close', () => this.revisionStreams.delete(response));
    } else {
      super.answer(request, response);
    }
  }

  /**
   * Changes the members of a big segment.
   *
   * @param {string} reference the segment with its generation, such as `big.g2`
   * @param {{included?: {add?: string[], remove?: string[]},
   *   excluded?: {add?: string[], remove?: string[]}}} changes hashes of context keys
   */
  changeMembers(reference, { included = {}, excluded = {} }) {
    const before = this.revisions.length;
    const revision = {
      environmentId: 'an environment',
      segmentId: reference,
      version: String(before + 1),
      previousVersion: before === 0 ? '' : String(before),
      changes: {
        included: { add: [], remove: [], ...included },
        excluded: { add: [], remove: [], ...excluded },
      },
    };
    this.revisions.push(revision);
    for (const stream of this.revisionStreams) stream.write(asEvent('patch', [revision]));
  }
}

/** The server whose environments are told apart by the SDK key. */
class LaunchDarkly {
  constructor() {
    /** @type {Map<string, Environment>} */
    this.environments = new Map();
    /** @type {string[]} requests that it has no answer for */
    this.unknown = [];
    this.server = http.createServer((request, response) => this.answer(request, response));
    this.url = '';
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', () => resolve(undefined)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.server.address());
    this.url = `http://127.0.0.1:${port}`;
  }

  /**
   * @param {string} sdkKey
   * @param {Partial<Data>} data
   */
  addEnvironment(sdkKey, data) {
    const environment = new Environment(data);
    this.environments.set(sdkKey, environment);
    return environment;
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  answer(request, response) {
    response.once('finish', () => {
      if (response.statusCode === 404) this.unknown.push(`${request.method} ${request.url}`);
    });
    const environment = this.environments.get(String(request.headers.authorization));
    if (environment) environment.answer(request, response);
    else response.writeHead(404).end();
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function startLaunchDarkly() {
  const launchDarkly = new LaunchDarkly();
  await launchDarkly.listen();
  return launchDarkly;
}

module.exports = { startLaunchDarkly };
