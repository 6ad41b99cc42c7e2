'use strict';

const { DynamoDBBigSegmentStore } = require('./lib/big-segment-store');
const { DynamoDBFeatureStore } = require('./lib/feature-store');

// Callable as the 1.x package was. The named form is written this way so that ES modules can import it.
module.exports = DynamoDBFeatureStore;
module.exports.DynamoDBFeatureStore = DynamoDBFeatureStore;
module.exports.DynamoDBBigSegmentStore = DynamoDBBigSegmentStore;
module.exports.default = DynamoDBFeatureStore;
