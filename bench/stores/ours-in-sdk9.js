'use strict';

const { persistentStore } = require('./persistent');
const { SDK_9 } = require('./sdks');
const ours = require('./ours');

/** With items in the form of SDK 9, which are more than their JSON. */
module.exports = persistentStore({
  ...ours,
  name: 'ours-in-sdk9',
  label: 'ours in SDK 9',
  sdk: SDK_9,
  // The parts of an SDK 9 client's context that the store asks for.
  open: (created, logger) => created({ basicConfiguration: { logger }, platform: new Map() }),
});
