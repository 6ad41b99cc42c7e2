'use strict';

/**
 * Starts many processes that change their environment while their store starts and reads, and counts
 * those that crash.
 *
 *     node __test__/hosts/environment-race.js [--processes 2000] [--reads 1000]
 */

const assert = require('node:assert');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { startServer } = require('./flag-server');
const { ending, runNode } = require('./node-process');

const CHILD = path.join(__dirname, 'environment-race-child.js');
/** Processes at the same time: the race takes threads that really run at once. */
const AT_ONCE = 2;

/**
 * @param {{processes: number, reads: number}} size
 * @returns {Promise<string[]>} how each process ended that did not end well
 */
async function raceEnvironment({ processes, reads }) {
  const server = await startServer();
  const input = { endpoint: server.endpoint, reads };
  const failures = [];
  let started = 0;
  const runner = async () => {
    while (started < processes) {
      started += 1;
      const outcome = await runNode(CHILD, input);
      if (outcome.code !== 0 || outcome.stderr !== '') failures.push(ending(outcome));
      else assert.deepStrictEqual(JSON.parse(outcome.stdout), { answered: reads, lines: [] });
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, runner));
  } finally {
    server.close();
  }
  return failures;
}

async function main() {
  const { values } = parseArgs({
    options: {
      processes: { type: 'string', default: '2000' },
      reads: { type: 'string', default: '1000' },
    },
  });
  const size = { processes: Number(values.processes), reads: Number(values.reads) };
  const failures = await raceEnvironment(size);
  const kinds = new Map();
  for (const failure of failures) kinds.set(failure, (kinds.get(failure) || 0) + 1);
  for (const [failure, count] of kinds) console.log(`${count} times ${failure}`);
  console.log(`${failures.length} of ${size.processes} processes did not end well`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

if (require.main === module) main();

module.exports = { raceEnvironment };
