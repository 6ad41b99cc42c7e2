'use strict';

/**
 * Makes, reads and closes many stores, one after the other, in a process with few file descriptors.
 *
 *     node __test__/hosts/limits/many-stores.js [--stores 2000]
 */

const assert = require('node:assert');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { startServer } = require('../flag-server');
const { nodeResult } = require('../node-process');
const { descriptors } = require('./running');

const CHILD = path.join(__dirname, 'many-stores-child.js');
const DESCRIPTORS = 64;
const SAMPLES = 20;
/** What one store may need, and the runtime that all share: far fewer than stores are made. */
const [MORE_DESCRIPTORS, MORE_THREADS] = [12, 4];

/**
 * @param {string} endpoint
 * @param {number} stores a multiple of 20
 * @returns {Promise<{before: Counts, counts: Counts[]}>} what there was before the first store, and
 *   at intervals after it
 *
 * @typedef {{descriptors: number, threads: number}} Counts
 */
async function runStores(endpoint, stores) {
  const input = { endpoint, stores, samples: SAMPLES };
  const result = await nodeResult(CHILD, input, { through: descriptors(DESCRIPTORS) });
  const { answered, lines, before, counts } = result;
  assert.deepStrictEqual({ answered, lines }, { answered: stores, lines: [] });
  assert.strictEqual(counts.length, SAMPLES);
  for (const now of counts) {
    const seen = JSON.stringify({ before, counts });
    assert.ok(now.descriptors <= before.descriptors + MORE_DESCRIPTORS, `descriptors: ${seen}`);
    assert.ok(now.threads <= before.threads + MORE_THREADS, `threads: ${seen}`);
  }
  return { before, counts };
}

async function main() {
  const { values } = parseArgs({ options: { stores: { type: 'string', default: '2000' } } });
  const server = await startServer();
  try {
    const { before, counts } = await runStores(server.endpoint, Number(values.stores));
    console.log('before the first store:', before);
    console.table(counts);
  } finally {
    server.close();
  }
}

if (require.main === module) {
  main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}

module.exports = { runStores };
