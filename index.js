'use strict';

const { DynamoDBFeatureStore } = require('./lib/feature-store');

/**
 * @param {string} tableName
 * @param {object | null} [options]
 */
function DynamoDBBigSegmentStore(tableName, options) {
  // Loaded on demand because few applications use it.
  return require('./lib/big-segment-store').DynamoDBBigSegmentStore(tableName, options);
}

/**
 * @param {string} tableName
 * @param {object | null} [options]
 */
async function syncFlags(tableName, options) {
  // Loaded on demand, here and below, because applications that evaluate flags don't sync.
  return require('./lib/sync').syncFlags(tableName, options);
}

/**
 * @param {string} tableName
 * @param {object | null} [options]
 */
function createSyncHandler(tableName, options) {
  return require('./lib/sync/handler').createSyncHandler(tableName, options);
}

// Callable as the 1.x package was. The named form is written this way so that ES modules can import it.
module.exports = DynamoDBFeatureStore;
module.exports.DynamoDBFeatureStore = DynamoDBFeatureStore;
module.exports.DynamoDBBigSegmentStore = DynamoDBBigSegmentStore;
module.exports.syncFlags = syncFlags;
module.exports.createSyncHandler = createSyncHandler;
module.exports.default = DynamoDBFeatureStore;

// For lib/cli/ only.
Object.defineProperty(module.exports, 'forCommandLine', {
  get: () => require('./lib/for-command-line'),
});
