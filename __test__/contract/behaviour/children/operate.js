'use strict';

/**
 * Calls methods of a store, one after the other, and prints what came, what was logged, and the most memory
 * that the process took, in KB. Ends when
 * nothing is left to do, without any help.
 *
 * Input: `table`, `options`, `calls` (a method's name and arguments each), `close` (whether to close
 * the store at the end).
 */

const { DynamoDBFeatureStore } = require('../../../..');
const { recordingLogger } = require('../../../support/logger');

const { table, options, calls, close } = JSON.parse(process.argv[2]);

async function main() {
  const logger = recordingLogger();
  const store = DynamoDBFeatureStore(table, { ...options, logger });
  const results = [];
  for (const [method, ...args] of calls) {
    const value = await new Promise((resolve) => store[method](...args, resolve));
    results.push(value === undefined ? 'done' : value);
  }
  if (close) store.close();
  const peak = process.resourceUsage().maxRSS;
  process.stdout.write(JSON.stringify({ results, lines: logger.lines, peak }));
}

main();
