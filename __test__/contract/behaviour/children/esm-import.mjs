/** Imports the package as an ES module does, and prints what it gets. */

import byDefault, { DynamoDBFeatureStore } from '../../../../index.js';

process.stdout.write(
  JSON.stringify({ isSame: byDefault === DynamoDBFeatureStore, type: typeof byDefault })
);
