'use strict';

const { TABLE, packageOptions, persistentStore } = require('./persistent');
const { SDK_7 } = require('./sdks');

module.exports = persistentStore({
  name: 'ours',
  label: 'ours',
  sdk: SDK_7,
  package: 'dynamodb-feature-store',
  load: () => require('../..'),
  create: (loaded, options) => loaded.DynamoDBFeatureStore(TABLE, packageOptions(options)),
  open: (created, logger) => created({ logger }),
});
