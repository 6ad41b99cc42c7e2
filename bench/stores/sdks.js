'use strict';

/**
 * The generations of LaunchDarkly's SDK, each with the client that an application starts to read flags only
 * from a table.
 */

const { CONTEXT, USER } = require('../data');

/**
 * @typedef {object} Sdk
 * @property {string} package
 * @property {object} subject the context of evaluations, in the SDK's form
 * @property {() => any} load
 * @property {(sdk: any, config: object, logger: object) => Promise<any>} startClient
 */

const DAEMON_MODE = { useLdd: true, sendEvents: false };

/**
 * @param {any} sdk
 * @param {object} config
 * @param {object} logger
 */
async function startClient(sdk, config, logger) {
  const client = sdk.init('sdk-key', { ...DAEMON_MODE, logger, ...config });
  await client.waitForInitialization();
  return client;
}

/** @type {Sdk} */
const SDK_5 = {
  package: 'ldclient-node',
  subject: USER,
  load: () => require('ldclient-node'),
  startClient,
};

/** @type {Sdk} */
const SDK_7 = {
  package: 'launchdarkly-node-server-sdk',
  subject: CONTEXT,
  load: () => require('launchdarkly-node-server-sdk'),
  startClient,
};

/** @type {Sdk} */
const SDK_9 = {
  package: '@launchdarkly/node-server-sdk',
  subject: CONTEXT,
  load: () => require('@launchdarkly/node-server-sdk'),
  startClient: async (sdk, config, logger) => {
    const client = sdk.init('sdk-key', { ...DAEMON_MODE, logger, ...config });
    await client.waitForInitialization({ timeout: 10 });
    return client;
  },
};

module.exports = { SDK_5, SDK_7, SDK_9 };
