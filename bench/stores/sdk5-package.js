'use strict';

const { TABLE, packageOptions, persistentStore } = require('./persistent');
const { SDK_5 } = require('./sdks');

module.exports = persistentStore({
  name: 'sdk5-package',
  label: 'SDK 5 package',
  sdk: SDK_5,
  package: 'ldclient-node-dynamodb-store',
  load: () => require('ldclient-node-dynamodb-store'),
  create: (loaded, options) =>
    loaded(TABLE, { ...packageOptions(options), logger: options.logger }),
  open: (created) => created,
});
