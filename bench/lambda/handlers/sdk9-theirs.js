'use strict';

const { DynamoDBClient, GetItemCommand } = require('@aws-sdk/client-dynamodb');
const LaunchDarkly = require('@launchdarkly/node-server-sdk');

/** The wrapper's TTL in seconds if the application sets none. */
const DEFAULT_TTL = 15;

const dynamoDB = new DynamoDBClient({ endpoint: process.env.FLAG_ENDPOINT });

/** Reads of a row, which are all that the wrapper calls in daemon mode. */
async function read(namespace, key) {
  const { Item } = await dynamoDB.send(
    new GetItemCommand({
      TableName: process.env.FLAG_TABLE,
      Key: { namespace: { S: namespace }, key: { S: key } },
    })
  );
  return Item && { version: Number(Item.version?.N ?? 0), serializedItem: Item.item?.S };
}

const core = {
  get: ({ namespace }, key, callback) => read(namespace, key).then(callback),
  initialized: (callback) => read('$inited', '$inited').then((row) => callback(Boolean(row))),
  close: () => dynamoDB.destroy(),
  getDescription: () => 'DynamoDB',
};

const client = LaunchDarkly.init('sdk-key', {
  featureStore: ({ basicConfiguration: { logger } }) =>
    new LaunchDarkly.PersistentDataStoreWrapper(core, DEFAULT_TTL, logger),
  useLdd: true,
  sendEvents: false,
});

exports.handler = async ({ flag, user }) => {
  await client.waitForInitialization({ timeout: 5 });
  return { value: await client.variation(flag, user, 'no value') };
};
