'use strict';

/**
 * An application that evaluates a flag from the table, and prints the value, what was logged, and whether
 * its modules are without `require.cache`.
 */

const Module = require('node:module');

const { DynamoDBFeatureStore } = require('../../..');
const { CLIENTS, destroy } = require('../../contract/js-clients/clients');
const { recordingLogger } = require('../../support/logger');

/** What an application, or a tool in it, may do to Node once all is loaded. */
const DISTURBANCES = {
  'forgets what is loaded': () => {
    const { cache } = require;
    for (const file of Object.keys(cache)) delete cache[file];
  },
  'puts another cache in place': () => {
    Module._cache = {};
  },
  'has stacks of call sites': () => {
    Error.prepareStackTrace = (_error, sites) => sites;
  },
  'has no stacks': () => {
    Error.prepareStackTrace = () => undefined;
  },
  'can not make stacks': () => {
    Error.prepareStackTrace = () => {
      throw new Error('no stack');
    };
  },
};

async function main() {
  const { table, endpoint, sdk, kind, isAmbient, disturbances = [] } = JSON.parse(process.argv[2]);
  const logger = recordingLogger();
  const client = kind && CLIENTS[kind](endpoint);
  if (isAmbient)
    require('../../contract/js-clients/node_modules/aws-sdk').config.dynamodb = { endpoint };
  const LaunchDarkly = require(sdk);
  for (const name of disturbances) DISTURBANCES[name]();
  const store = DynamoDBFeatureStore(table, {
    logger,
    readTimeout: 60,
    ...(client ? { dynamoDBClient: client } : !isAmbient && { clientOptions: { endpoint } }),
  });
  const config = { featureStore: store, useLdd: true, sendEvents: false, logger };
  const ldClient = LaunchDarkly.init('an SDK key', config);
  await ldClient.waitForInitialization({ timeout: 60 });
  const context = { kind: 'user', key: 'joe', country: 'DE' };
  const value = await ldClient.variation('by-country', context, 'the default');
  ldClient.close();
  if (client) destroy(client);
  const lines = logger.lines.filter(({ level }) => level === 'error' || level === 'warn');
  const isHooked = require.cache === undefined;
  process.stdout.write(JSON.stringify({ value, lines, isHooked }));
}

main().catch((failure) => {
  Error.prepareStackTrace = undefined;
  console.error(failure.message);
  process.exitCode = 1;
});
