'use strict';

/**
 * The generations of LaunchDarkly's SDK. They differ in how they call a store, in the items that they give it,
 * and in their client.
 *
 * @typedef {import('../data').DataSet} DataSet
 *
 * @typedef {object} Sdk
 * @property {string} name
 * @property {string} package the folder in `node_modules`
 * @property {object} subject the context of evaluations, in the SDK's form
 * @property {() => any} load
 * @property {(created: any, logger: object) => any} open makes the object that the SDK calls of the
 *   application's `featureStore`
 * @property {(data: DataSet) => DataSet} received what the SDK gives its store when it receives this data; may
 *   use the items of `data`
 * @property {(config: object, logger: object) => Promise<any>} startClient starts a client in daemon mode,
 *   unless `config` says otherwise
 */

const path = require('node:path');

const { CONTEXT, USER } = require('../data');

const DAEMON_MODE = { useLdd: true, sendEvents: false };
const SDK_KEY = 'sdk-key';

/** @type {Sdk} */
const SDK_5 = {
  name: 'SDK 5',
  package: 'ldclient-node',
  subject: USER,
  load: () => require('ldclient-node'),
  open: (created) => created,
  received: (data) => data,
  async startClient(config, logger) {
    const client = this.load().init(SDK_KEY, { ...DAEMON_MODE, logger, ...config });
    await client.waitForInitialization();
    return client;
  },
};

/** @type {Sdk} */
const SDK_7 = {
  ...SDK_5,
  name: 'SDK 7',
  package: 'launchdarkly-node-server-sdk',
  subject: CONTEXT,
  load: () => require('launchdarkly-node-server-sdk'),
  open: (created, logger) => created({ logger }),
};

const SDK_8 = sdkWithPlatform('SDK 8', 'node-server-sdk-8');
const SDK_9 = sdkWithPlatform('SDK 9', '@launchdarkly/node-server-sdk');

/**
 * @param {string} name
 * @param {string} packageName
 * @returns {Sdk}
 */
function sdkWithPlatform(name, packageName) {
  const load = () => require(packageName);
  return {
    name,
    package: packageName,
    subject: CONTEXT,
    load,
    open(created, logger) {
      // Stores find their copy of the SDK by the class of the platform.
      const folder = path.dirname(require.resolve(packageName));
      const { default: Platform } = require(path.join(folder, 'platform', 'NodePlatform'));
      const platform = new Platform({ logger });
      return created({ basicConfiguration: { sdkKey: SDK_KEY, logger }, platform });
    },
    received({ features, segments }) {
      const json = JSON.stringify({ flags: features, segments });
      const received = load().deserializePoll(json);
      return { features: received.flags, segments: received.segments };
    },
    async startClient(config, logger) {
      const client = load().init(SDK_KEY, { ...DAEMON_MODE, logger, ...config });
      await client.waitForInitialization({ timeout: 10 });
      return client;
    },
  };
}

module.exports = { SDK_5, SDK_7, SDK_8, SDK_9 };
