'use strict';

/**
 * Uses the package in the threads of a Piscina pool, never in the main thread: in threads that take several
 * tasks, in such that end when they are idle, in such that are ended in the middle of a task, and in a
 * second pool after the first. Ends by itself.
 */

const assert = require('node:assert');
const { once } = require('node:events');

const { Piscina } = require('piscina');

const filename = require.resolve('./task.js');
const tasks = (pool, name) =>
  Promise.all(Array.from({ length: 4 }, (_, i) => pool.run({ prefix: `${name}-${i}` })));

async function usePool(name) {
  const pool = new Piscina({ filename, minThreads: 0, maxThreads: 2, idleTimeout: 1 });
  for (let round = 0; round < 3; round += 1) {
    const results = await tasks(pool, `${name}-${round}`);
    assert.deepStrictEqual(results, ['done', 'done', 'done', 'done']);
    while (pool.threads.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const controller = new AbortController();
  const started = once(pool, 'message');
  const task = pool.run({ prefix: name, endless: true }, { signal: controller.signal });
  await started;
  controller.abort();
  await assert.rejects(task, { name: 'AbortError' });
  await tasks(pool, `${name}-last`);
  await pool.destroy();
}

async function main() {
  await usePool('first');
  await usePool('second');
  console.log('all done');
}

main();
