'use strict';

const LaunchDarkly = require('launchdarkly-node-server-sdk');
const { DynamoDBFeatureStore } = require('dynamodb-feature-store');

const client = LaunchDarkly.init('sdk-key', {
  featureStore: DynamoDBFeatureStore(process.env.FLAG_TABLE, {
    clientOptions: { endpoint: process.env.FLAG_ENDPOINT },
  }),
  useLdd: true,
  sendEvents: false,
});

exports.handler = async ({ flag, user }) => {
  await client.waitForInitialization();
  return { value: await client.variation(flag, user, 'no value') };
};
