'use strict';

const { persistentStore } = require('./persistent');
const { SDK_9 } = require('./sdks');
const ours = require('./ours');

/** Runs this package's store with items in the form of SDK 9, which hold more than their JSON. */
module.exports = persistentStore({
  ...ours,
  name: 'ours-in-sdk9',
  label: 'ours in SDK 9',
  sdk: SDK_9,
  // The parts of an SDK 9 client's context that the store reads.
  open: (created, logger) => created({ basicConfiguration: { logger }, platform: new Map() }),
});
