'use strict';

/**
 * The parts that tests of an SDK need: a table, stores, a server that sends flags, and clients. All of them end
 * with the test.
 */

const assert = require('node:assert');
const http = require('node:http');

const { startStreamServer } = require('../../demo/stream-server');
const { recordingLogger } = require('./logger');
const { scenes } = require('./scene');
const { waitFor } = require('./wait');
const { DEFAULT, FLAGS, PEOPLE, SEGMENTS, asSubject } = require('./flags');
const { startClient } = require('./sdks');

/** Short enough to wait for, in seconds. */
const SHORT_TTL = 0.2;
const SDK_KEY = 'an SDK key';

class Stage {
  /**
   * @param {(typeof import('./sdks').SDKS)[number]} sdk
   */
  constructor(sdk) {
    this.sdk = sdk;
    /** The clients' log lines. */
    this.logger = recordingLogger();
    /** @type {any} */
    this.scene = undefined;
    /** @type {any[]} */
    this.clients = [];
    /** @type {{close: () => Promise<void>}[]} */
    this.servers = [];
  }

  /**
   * Writes a data set through a store and closes the store.
   *
   * @param {{features: object, segments: object}} [data]
   */
  async write(data = { features: FLAGS, segments: SEGMENTS }) {
    const store = this.scene.open();
    await store.init(data);
    store.close();
  }

  /**
   * Starts a server that sends a data set.
   *
   * @param {Parameters<typeof startStreamServer>[0]} [data]
   */
  async startServer(data = { flags: FLAGS, segments: SEGMENTS }) {
    const server = await startStreamServer(data);
    this.servers.push(server);
    return server;
  }

  /** Starts a server that accepts requests and never answers. */
  async startSilentServer() {
    const server = http.createServer(() => {});
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const close = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    this.servers.push({ close });
    return { url: `http://127.0.0.1:${port}` };
  }

  /** Makes a store value whose answers become stale quickly. */
  shortLivedStore() {
    return this.scene.value(this.sdk.cached ? { cacheTTL: SHORT_TTL } : {});
  }

  /**
   * @param {any} featureStore
   * @param {object} config
   */
  client(featureStore, config) {
    const common = { logger: this.logger, sendEvents: false };
    const client = startClient(this.sdk, SDK_KEY, featureStore, { ...common, ...config });
    // Without a listener, errors such as "unknown flag" are logged.
    client.on('error', () => {});
    this.clients.push(client);
    return client;
  }

  /** Starts a client whose only data source is the store, and waits until it is ready. */
  async daemonClient(featureStore = this.shortLivedStore()) {
    return ready(this.client(featureStore, { useLdd: true }));
  }

  /** Starts a client that connects to a server, without waiting. */
  connect(server, featureStore = this.scene.value(), config = {}) {
    const { url } = server;
    return this.client(featureStore, { baseUri: url, streamUri: url, eventsUri: url, ...config });
  }

  /** Starts a client that receives a stream, and waits until it is ready. */
  async streamingClient(server, featureStore = this.scene.value()) {
    return ready(this.connect(server, featureStore));
  }

  /** Starts a client that holds its data only in memory, and waits until it is ready. */
  async inMemoryClient(data = { flags: FLAGS, segments: SEGMENTS }) {
    const { url } = await this.startServer(data);
    return ready(this.client(undefined, { baseUri: url, streamUri: url, eventsUri: url }));
  }

  /** @returns {any} a person in the form that the SDK takes */
  subject(person) {
    return asSubject(this.sdk, PEOPLE[person]);
  }

  /** @returns {Promise<any>} a flag's value */
  value(client, key, person = 'joe') {
    return client.variation(key, this.subject(person), DEFAULT);
  }

  /** Waits until a client evaluates a flag to a value. */
  async sees(client, expected, key, person) {
    const isSeen = async () => (await this.value(client, key, person)) === expected;
    await waitFor(isSeen, `${key} to be ${expected}`);
  }

  async close() {
    for (const client of this.clients) client.close();
    for (const server of this.servers) await server.close();
  }
}

/**
 * @template {{initialized: () => boolean}} T
 * @param {T} client
 * @returns {Promise<T>}
 */
async function ready(client) {
  await waitFor(() => client.initialized(), 'the client to be ready');
  return client;
}

/**
 * Prepares the tests of a file.
 *
 * @returns {(t: import('node:test').TestContext, sdk: Stage['sdk'],
 *   options?: {mayLog?: boolean}) => Promise<Stage>} makes the stage of one test, which ends with
 *   the test; unless a store `mayLog`, the test fails when one does
 */
function stages() {
  const newScene = scenes();
  return async (t, sdk, { mayLog = false } = {}) => {
    const stage = new Stage(sdk);
    // Clients close before the table that they use is deleted.
    t.after(() => stage.close());
    stage.scene = await newScene(t);
    if (!sdk.cached) stage.scene.defaults = { cacheTTL: 0 };
    t.after(() => {
      if (!mayLog) assert.deepStrictEqual(stage.scene.logger.lines, []);
    });
    return stage;
  };
}

module.exports = { SHORT_TTL, ready, stages };
