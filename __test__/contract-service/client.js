'use strict';

/**
 * A client of the service. It is one SDK client or two: with stores of mode `reader`, one receives the data and
 * writes them to the table, and one evaluates what it reads there.
 */

const { DynamoDBFeatureStore } = require('../..');
const { clientOptions, requestedStore } = require('./configuration');

/** @typedef {'none' | 'store' | 'reader'} Stores which clients have the store */

/**
 * @typedef {object} Setting
 * @property {import('./sdks').Subject['sdk']} sdk
 * @property {Stores} stores
 * @property {string} endpoint DynamoDB's, for the stores that the harness doesn't ask for
 * @property {string} table the same
 * @property {string} requestedTable the table of stores that the harness asks for
 */

/**
 * @typedef {object} Parts
 * @property {any} LaunchDarkly the SDK
 * @property {any} receiver the SDK client that receives data
 * @property {any} evaluator the SDK client that evaluates them
 * @property {Map<string, any>} listeners
 * @property {() => Promise<void>} close
 */

/** How long a client waits for its first data unless the harness says it, in milliseconds. */
const START_WAIT_MS = 5000;

/**
 * Rows disappear, and the harness expects that clients see it within a second. With eventually consistent reads, a store
 * believes it only 2 seconds after it has read the row.
 */
const AT_ONCE = { consistentRead: true };

let clients = 0;

/**
 * @param {Setting} setting
 * @param {any} configuration
 * @returns {Promise<Parts>}
 */
async function startClient(setting, configuration) {
  const { sdk } = setting;
  const started = [];
  const stores = [];
  const start = (configuration, store, isOnlySource) => {
    if (store) stores.push(store);
    const options = clientOptions(sdk, configuration, store, isOnlySource);
    const logger = sdk.LaunchDarkly.basicLogger({ level: 'warn', destination: console.log });
    const client = sdk.LaunchDarkly.init(configuration.credential, { logger, ...options });
    // Without a listener, SDKs log failures twice.
    client.on('error', () => {});
    started.push(client);
    return client;
  };
  const close = async () => {
    for (const client of started) client.close();
    // The table must not change any more when the harness goes on to its next test.
    await Promise.all(stores.map((store) => store.close()));
  };
  try {
    const requested = requestedStore(configuration);
    const { receiver, evaluator = receiver } = requested
      ? await startRequested(setting, configuration, requested, start)
      : await startWith(setting, configuration, start);
    return { LaunchDarkly: sdk.LaunchDarkly, receiver, evaluator, listeners: new Map(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts a client with the store that the harness asks for. */
async function startRequested(setting, configuration, requested, start) {
  const { endpoint, options, readOnly, isOnlySource } = requested;
  const value = store(setting.requestedTable, endpoint, { ...options, readOnly, ...AT_ONCE });
  return { receiver: await ready(start(configuration, value, isOnlySource), configuration) };
}

/** Starts clients with the stores that the setting demands. */
async function startWith({ stores, endpoint, table }, configuration, start) {
  clients += 1;
  const prefix = `${process.pid}-${clients}`;
  const value = stores === 'none' ? undefined : store(table, endpoint, { prefix });
  if (stores !== 'reader') {
    return { receiver: await ready(start(configuration, value), configuration) };
  }
  // The client that evaluates sends the events.
  const receiving = { ...configuration, events: null, hooks: null, bigSegments: null };
  const receiver = await ready(start(receiving, value), configuration);
  const reading = store(table, endpoint, { prefix, cacheTTL: 0, ...AT_ONCE });
  const evaluator = await ready(start(configuration, reading, true), configuration);
  return { receiver, evaluator };
}

function store(table, endpoint, options) {
  return DynamoDBFeatureStore(table, { ...options, clientOptions: { endpoint } });
}

/** Waits until a client is ready, as long as the harness allows. */
async function ready(client, { startWaitTimeMs, initCanFail }) {
  let timer;
  const time = new Promise((resolve) => {
    timer = setTimeout(resolve, startWaitTimeMs || START_WAIT_MS);
  });
  await Promise.race([client.waitForInitialization().catch(() => {}), time]);
  clearTimeout(timer);
  if (!client.initialized() && !initCanFail) throw new Error('the client is not initialized');
  return client;
}

module.exports = { startClient };
