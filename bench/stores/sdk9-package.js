'use strict';

const { TABLE, packageOptions, persistentStore } = require('./persistent');
const { SDK_9 } = require('./sdks');

/** SDK 9's own wrapper over the AWS SDK for JavaScript v3. */
module.exports = persistentStore({
  name: 'sdk9-package',
  label: 'SDK 9 wrapper, AWS SDK v3',
  sdk: SDK_9,
  package: '@aws-sdk/client-dynamodb',
  load: () => {
    require('@aws-sdk/client-dynamodb');
    return require('./sdk9-core');
  },
  create: (loaded, options) => loaded.newStore(TABLE, packageOptions(options)),
  // The parts of an SDK 9 client's context that a store may read.
  open: (created, logger) => created({ basicConfiguration: { sdkKey: 'sdk-key', logger } }),
});
