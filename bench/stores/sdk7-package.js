'use strict';

const { TABLE, packageOptions, persistentStore } = require('./persistent');
const { SDK_7 } = require('./sdks');

module.exports = persistentStore({
  name: 'sdk7-package',
  label: 'SDK 7 package',
  sdk: SDK_7,
  package: 'launchdarkly-node-server-sdk-dynamodb',
  load: () => require('launchdarkly-node-server-sdk-dynamodb'),
  create: (loaded, options) => loaded.DynamoDBFeatureStore(TABLE, packageOptions(options)),
  open: (created, logger) => created({ logger }),
});
