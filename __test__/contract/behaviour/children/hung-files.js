'use strict';

/**
 * Makes many stores whose files can't be read, and then one whose files can, which reads a flag. Prints it.
 *
 * Input: `table`, `options`, `hung` (the variables of the first ones), `stores` (how many of these).
 */

const { DynamoDBFeatureStore } = require('../../../..');

const { table, options, hung, stores } = JSON.parse(process.argv[2]);
const FEATURES = { namespace: 'features' };
const logger = { error() {}, warn() {}, info() {}, debug() {} };

const before = { ...process.env };
Object.assign(process.env, hung);
for (let count = 0; count < stores; count += 1) {
  DynamoDBFeatureStore(table, { ...options, logger }).get(FEATURES, 'a', () => {});
}
for (const name of Object.keys(hung)) {
  delete process.env[name];
  if (before[name] !== undefined) process.env[name] = before[name];
}
DynamoDBFeatureStore(table, { ...options, logger }).get(FEATURES, 'a', (item) => {
  process.stdout.write(JSON.stringify({ item }), () => process.exit());
});
