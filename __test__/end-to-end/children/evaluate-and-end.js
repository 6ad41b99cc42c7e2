'use strict';

/**
 * Receives flags, prints the value of one, and closes its client. The process has to end then.
 */

const { DynamoDBFeatureStore } = require('../../..');
const { asSubject } = require('../flags');
const { sdkNamed } = require('../sdks');

const { sdk: alias, table, endpoint, url } = JSON.parse(process.argv[2]);

async function main() {
  const sdk = sdkNamed(alias);
  const client = sdk.LaunchDarkly.init('an SDK key', {
    featureStore: DynamoDBFeatureStore(table, { clientOptions: { endpoint } }),
    baseUri: url,
    streamUri: url,
    eventsUri: url,
    logger: { debug() {}, info() {}, warn: console.error, error: console.error },
  });
  await client.waitForInitialization();
  const subject = asSubject(sdk, { key: 'joe', custom: {} });
  console.log(await client.variation('plain', subject, 'the default'));
  client.close();
}

main();
