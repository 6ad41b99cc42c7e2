'use strict';

/**
 * The application that is bundled: evaluates a flag from the table.
 */

const LaunchDarkly = require('@launchdarkly/node-server-sdk');
const { DynamoDBFeatureStore } = require('dynamodb-feature-store');

async function main() {
  const { table, endpoint, withSdk } = JSON.parse(process.argv[2]);
  const store = DynamoDBFeatureStore(table, {
    clientOptions: { endpoint },
    sdk: withSdk ? LaunchDarkly : null,
  });
  const client = LaunchDarkly.init('an SDK key', {
    featureStore: store,
    useLdd: true,
    sendEvents: false,
  });
  await client.waitForInitialization({ timeout: 60 });
  const context = { kind: 'user', key: 'joe', country: 'DE' };
  console.log(JSON.stringify(await client.variation('by-country', context, 'the default')));
  client.close();
}

main().catch((failure) => {
  console.error(failure.message);
  process.exitCode = 1;
});
