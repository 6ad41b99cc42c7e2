'use strict';

/**
 * Passes callbacks that throw, and prints how often each was called and what surfaced.
 */

const { DynamoDBFeatureStore } = require('../../../..');

const { table, options, calls } = JSON.parse(process.argv[2]);

const counts = {};
const uncaught = [];
process.on('uncaughtException', (error, origin) => uncaught.push(`${origin}: ${error.message}`));

const store = DynamoDBFeatureStore(table, options);
for (const [method, ...args] of calls) {
  try {
    store[method](...args, () => {
      counts[method] = (counts[method] || 0) + 1;
      throw new Error(`thrown in ${method}`);
    });
  } catch (error) {
    // What is fresh is answered at once: the data of an init may be by now.
    uncaught.push(`uncaughtException: ${error.message}`);
  }
}
process.on('exit', () => process.stdout.write(JSON.stringify({ counts, uncaught })));
