'use strict';

/**
 * Makes the writes in its input, prints a line when each callback comes, and at the end what was logged.
 *
 * Input: `table`, `options`, `calls` (a method's name and arguments each, all at once), `close`.
 */

const { DynamoDBFeatureStore } = require('../../..');
const { recordingLogger } = require('../../support/logger');

const { table, options, calls, close } = JSON.parse(process.argv[2]);

async function main() {
  const logger = recordingLogger();
  const store = DynamoDBFeatureStore(table, { ...options, logger });
  const callbacks = calls.map(() => 0);
  const answers = calls.map(
    ([method, ...args], i) =>
      new Promise((resolve) => {
        store[method](...args, () => {
          callbacks[i] += 1;
          resolve();
        });
      })
  );
  if (close) store.close();
  await Promise.all(answers);
  process.once('exit', () => {
    process.stdout.write(JSON.stringify({ callbacks, lines: logger.lines }));
  });
}

main();
