'use strict';

/**
 * The parts of each case: LaunchDarkly's stand-in, Relay Proxies that write its data to a table, and SDK clients:
 * daemon readers of that table, and clients that stream directly from the stand-in. All of them end with the test.
 */

const assert = require('node:assert');

const { startProxy } = require('../support/engine-proxy');
const { resultsOf } = require('../support/results');
const { sdkNamed, startClient } = require('../support/sdks');
const { ready, stages } = require('../support/stage');
const { becomes, waitFor } = require('../support/wait');
const { MARK, dataSet, mark, subjects } = require('./data');
const { startLaunchDarkly } = require('./launchdarkly');
const { startRelay } = require('./program');

/** Seconds. Changes become visible soon, and evaluating all flags reads each row about once. */
const READER_TTL = 1;

const SDKS = [
  sdkNamed('ldclient-node-5.8'),
  sdkNamed('launchdarkly-node-server-sdk-7'),
  sdkNamed('node-server-sdk-8'),
  sdkNamed('node-server-sdk-9'),
  sdkNamed('node-server-sdk-9', { dataSystem: true }),
];

/** An environment that the Relay Proxies are configured with. */
class RelayedEnvironment {
  /**
   * @param {RelayStage} stage
   * @param {{name: string, prefix?: string, data: any}} settings
   */
  constructor(stage, { name, prefix, data }) {
    this.stage = stage;
    this.name = name;
    this.prefix = prefix;
    this.sdkKey = `sdk-key-of-${name}`;
    this.source = stage.launchDarkly.addEnvironment(this.sdkKey, data);
  }

  /** Starts a client that only reads the table, and waits until it is ready. */
  reader(options = {}) {
    const settings = { cacheTTL: READER_TTL, prefix: this.prefix, ...options };
    return this.stage.inner.daemonClient(this.stage.inner.scene.value(settings));
  }

  /** Starts a client that streams directly from LaunchDarkly, and waits until it is ready. */
  direct(featureStore = undefined) {
    return this.receive(this.stage.launchDarkly, this.stage.inner.sdk, featureStore);
  }

  /** Starts a client that streams from a Relay Proxy, whose protocol is not that of data systems. */
  through(relay) {
    const { LaunchDarkly } = this.stage.inner.sdk;
    return this.receive(relay, { LaunchDarkly });
  }

  /**
   * @param {{url: string}} server
   * @param {Pick<(typeof SDKS)[number], 'LaunchDarkly' | 'dataSystem'>} sdk
   * @param {any} [featureStore]
   */
  receive({ url }, sdk, featureStore = undefined) {
    const urls = { baseUri: url, streamUri: url, eventsUri: url };
    const config = { ...urls, logger: this.stage.inner.logger, sendEvents: false };
    const client = startClient(sdk, this.sdkKey, featureStore, config);
    client.on('error', () => {});
    this.stage.inner.clients.push(client);
    return ready(client);
  }

  /**
   * Changes the flag `MARK`, after all other changes, and waits until a client has it.
   *
   * @returns {Promise<any[]>} the client's results
   */
  async resultsAfterChanges(client, value, version) {
    this.source.patchFlag(mark(value, version));
    await this.stage.inner.sees(client, value, MARK);
    return this.stage.results(client);
  }

  /** Waits until the table has the init marker. */
  async written() {
    const name = this.prefix ? `${this.prefix}:$inited` : '$inited';
    const { scene } = this.stage.inner;
    await waitFor(() => scene.row(name, name), 'the init marker in the table');
  }
}

class RelayStage {
  /**
   * @param {{inner: any, launchDarkly: any, proxy: any}} parts
   */
  constructor({ inner, launchDarkly, proxy }) {
    /** The stage of the readers. */
    this.inner = inner;
    this.launchDarkly = launchDarkly;
    /** The Relay Proxies' way to DynamoDB. */
    this.proxy = proxy;
    /** @type {RelayedEnvironment[]} */
    this.environments = [];
    this.data = dataSet(inner.sdk);
    this.subjects = subjects(inner.sdk);
  }

  /**
   * @param {{name?: string, prefix?: string, data?: any}} [settings]
   */
  environment({ name = 'production', prefix, data = this.data } = {}) {
    const environment = new RelayedEnvironment(this, { name, prefix, data });
    this.environments.push(environment);
    return environment;
  }

  /**
   * Starts a Relay Proxy with all environments.
   *
   * @param {Record<string, string>} [settings] further variables
   */
  async startRelay(settings = {}) {
    const { url } = this.launchDarkly;
    const ofEnvironments = this.environments.flatMap(({ name, sdkKey, prefix }) => [
      [`LD_ENV_${name}`, sdkKey],
      ...(prefix ? [[`LD_PREFIX_${name}`, prefix]] : []),
    ]);
    const relay = await startRelay({
      USE_DYNAMODB: 'true',
      DYNAMODB_TABLE: this.inner.scene.table,
      DYNAMODB_URL: this.proxy.endpoint,
      BASE_URI: url,
      STREAM_URI: url,
      EVENTS_HOST: url,
      IGNORE_CONNECTION_ERRORS: 'true',
      ...Object.fromEntries(ofEnvironments),
      ...settings,
    });
    this.inner.servers.push(relay);
    return relay;
  }

  /** Evaluates every flag, also those of later data sets, for each subject, and all at once for one of them. */
  async results(client) {
    const { flags } = this.data;
    const results = await resultsOf(client, flags, this.subjects);
    const state = await client.allFlagsState(this.subjects[0]);
    const values = Object.entries(state.allValues()).filter(([key]) => flags[key]);
    return [...results, Object.fromEntries(values)];
  }

  /** Waits until a client's results are these. Evaluates all flags only after the last change is there. */
  async comesTo(client, expected) {
    const { value } = expected[Object.keys(this.data.flags).indexOf(MARK)];
    await this.inner.sees(client, value, MARK);
    await becomes(() => this.results(client), expected);
  }
}

/**
 * Prepares the tests of a file.
 *
 * @returns {(t: import('node:test').TestContext, sdk: (typeof SDKS)[number], options?: {mayLog?: boolean}) =>
 *   Promise<RelayStage>} makes the stage of one test
 */
function relayStages() {
  const newStage = stages();
  return async (t, sdk, options) => {
    const inner = await newStage(t, sdk, options);
    const launchDarkly = await startLaunchDarkly();
    const proxy = await startProxy(inner.scene.engine);
    inner.servers.push(launchDarkly, proxy);
    t.after(() => assert.deepStrictEqual(launchDarkly.unknown, []));
    return new RelayStage({ inner, launchDarkly, proxy });
  };
}

module.exports = { SDKS, relayStages };
