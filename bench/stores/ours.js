'use strict';

const path = require('node:path');

const { TABLE, packageOptions, persistentStore } = require('./persistent');
const { SDK_7 } = require('./sdks');

/** `npm run bench` puts the package here, in one file as it is published. */
const FOLDER = path.join(__dirname, '..', '..', 'target', 'published');

const ours = persistentStore({
  name: 'ours',
  label: 'ours',
  sdk: SDK_7,
  package: 'dynamodb-feature-store',
  load: () => require(FOLDER),
  create: (loaded, options) => loaded.DynamoDBFeatureStore(TABLE, packageOptions(options)),
  open: (created, logger) => created({ logger }),
});

module.exports = { ...ours, folder: FOLDER };
