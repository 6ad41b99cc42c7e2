'use strict';

/**
 * Receives flags, prints the value of one, and closes its client. The process has to end then.
 */

const { DynamoDBFeatureStore } = require('../../..');
const { asSubject } = require('../../support/flags');
const { sdkNamed, startClient } = require('../../support/sdks');

const { alias, dataSystem, table, endpoint, url } = JSON.parse(process.argv[2]);

async function main() {
  const sdk = sdkNamed(alias, { dataSystem });
  const featureStore = DynamoDBFeatureStore(table, { clientOptions: { endpoint } });
  const client = startClient(sdk, 'an SDK key', featureStore, {
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
