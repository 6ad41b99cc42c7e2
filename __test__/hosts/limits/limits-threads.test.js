'use strict';

/**
 * A process that may start no more threads: it never ends because of the store, which says so and works
 * as soon as it may. And how many threads a store adds.
 */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { ending, nodeResult, runNode } = require('../node-process');
const preload = require('../preload');
const { SKIP, User, reasonForNoUser } = require('./running');
const { MOMENTS, assertAnswered, assertWorks, surroundings } = require('./surroundings');

const NO_THREADS = path.join(__dirname, 'no-threads.js');
const THREADS = path.join(__dirname, 'threads.js');
const REASON = /no thread could be started/;
/** More than enough, and far fewer than 300. */
const [ENOUGH, FEW] = [1000, 4];

const places = surroundings();
const noUser = reasonForNoUser(require.resolve('../../..'));

for (const [way, find] of Object.entries(places)) {
  for (const [what, done] of Object.entries(MOMENTS)) {
    const name = `a process that ${what} when no thread can be started: ${way}`;

    test(name, { skip: preload.SKIP }, async (t) => {
      const { endpoint, env } = await find(t);
      const how = { env: { ...env, ...preload.guarded(t) } };
      const result = await nodeResult(NO_THREADS, { endpoint, after: done }, how);
      assertAnswered(result.meanwhile, REASON, 'meanwhile');
      assertWorks(result.afterwards, 'afterwards');
    });
  }
}

for (const [what, done] of Object.entries(MOMENTS)) {
  const name = `a process that ${what} when its user may have no more threads`;

  test(name, { skip: noUser }, async (t) => {
    const { endpoint } = await places['a name'](t);
    const user = new User();
    const started = (child) => {
      child.stdout.on('data', (line) => {
        if (!/^(limit|lift)\n$/.test(line)) return;
        user.limitThreads(child.pid, line === 'limit\n' ? 1 : ENOUGH);
        child.stdin.write('done\n');
      });
    };
    const input = { endpoint, after: done, asks: true };
    const outcome = await runNode(NO_THREADS, input, { through: user.through, started });
    assert.deepStrictEqual([outcome.code, outcome.stderr], [0, ''], ending(outcome));
    const result = JSON.parse(outcome.stdout.split('\n').pop());
    assertAnswered(result.meanwhile, REASON, 'meanwhile');
    assertWorks(result.afterwards, 'afterwards');
  });
}

for (const value of ['0', 'abc', '', '300', undefined]) {
  const what = value === undefined ? 'absent' : `"${value}"`;
  test(`with TOKIO_WORKER_THREADS ${what} a store has a few threads`, { skip: SKIP }, async (t) => {
    const { endpoint } = await places['an address'](t);
    const env = { TOKIO_WORKER_THREADS: value };
    const { result, added } = await nodeResult(THREADS, { endpoint }, { env });
    assertWorks(result, what);
    assert.ok(added <= FEW, `${added} threads`);
  });
}
