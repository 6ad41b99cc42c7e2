'use strict';

/**
 * The packages with a store on DynamoDB.
 *
 * @typedef {import('./index').Package} Package
 */

const TABLE = 'flags';
const REGION = 'eu-west-1';

/**
 * @param {import('./index').StoreOptions} options
 */
function packageOptions({ endpoint, ...others }) {
  return { clientOptions: { endpoint, region: REGION }, ...others };
}

/** @type {Package} as it is published; `install.js` installs it */
const ours = {
  label: 'this package',
  package: 'dynamodb-feature-store',
  load: () => require('dynamodb-feature-store'),
  create: (loaded, options) => loaded.DynamoDBFeatureStore(TABLE, packageOptions(options)),
};

/** @type {Package} */
const publishedForSdk5 = {
  label: '`ldclient-node-dynamodb-store` 1.1',
  package: 'ldclient-node-dynamodb-store',
  load: () => require('ldclient-node-dynamodb-store'),
  create: (loaded, options) => loaded(TABLE, packageOptions(options)),
};

/** @type {Package} */
const publishedForSdk7 = {
  label: '`launchdarkly-node-server-sdk-dynamodb` 4.0',
  package: 'launchdarkly-node-server-sdk-dynamodb',
  load: () => require('launchdarkly-node-server-sdk-dynamodb'),
  create: (loaded, options) => loaded.DynamoDBFeatureStore(TABLE, packageOptions(options)),
};

/**
 * @param {import('./sdks').Sdk} sdk SDK 8 or 9
 * @returns {Package} the SDK's own wrapper over the AWS SDK for JavaScript v3
 */
function wrapper(sdk) {
  return {
    label: `${sdk.name}'s wrapper, AWS SDK v3`,
    package: '@aws-sdk/client-dynamodb',
    load: () => {
      const aws = require('@aws-sdk/client-dynamodb');
      const { newStore } = require('./wrapper-core');
      return { aws, newStore, Wrapper: sdk.load().PersistentDataStoreWrapper };
    },
    create: ({ newStore, ...loaded }, options) => newStore(loaded, TABLE, packageOptions(options)),
  };
}

module.exports = { ours, publishedForSdk5, publishedForSdk7, wrapper };
