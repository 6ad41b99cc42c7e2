'use strict';

/**
 * A process with few file descriptors, or none: it never ends because of the store, which says what it
 * lacks and works as soon as there are some.
 */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { ending, nodeResult, runNode } = require('../node-process');
const { scenes } = require('../../support/scene');
const { runStores } = require('./many-stores');
const { SKIP, descriptors } = require('./running');
const { MOMENTS, assertAnswered, assertWorks, surroundings } = require('./surroundings');

const FEW = path.join(__dirname, 'few-descriptors.js');
const LEAK = path.join(__dirname, 'leak.js');
const POSTPONED = path.join(__dirname, 'postponed-writes.js');
const REASON = /too many open files/i;
const AT_ONCE = 4;
const [FEWEST, MOST] = [18, 64];
/** More than a store needs, with all that `require` opens. */
const ENOUGH = 8;

const places = surroundings();
const newScene = scenes();

/** Does something for each number, a few at the same time. */
async function forEach(from, to, work) {
  let next = from;
  const runner = async () => {
    while (next <= to) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
}

test(`a process that starts with ${FEWEST} to ${MOST} descriptors`, { skip: SKIP }, async (t) => {
  const { endpoint } = await places['an address'](t);
  let started = 0;
  await forEach(FEWEST, MOST, async (limit) => {
    const outcome = await runNode(FEW, { endpoint }, { through: descriptors(limit) });
    // With so few, Node itself doesn't get that far.
    if (!outcome.stderr.startsWith('started')) return;
    started += 1;
    const what = `with ${limit} descriptors ${ending(outcome)}`;
    assert.deepStrictEqual([outcome.code, outcome.stderr], [0, 'started'], what);
    assertAnswered(JSON.parse(outcome.stdout), REASON, what);
  });
  assert.ok(started > 0);
});

for (const [way, find] of Object.entries(places)) {
  for (const [what, done] of Object.entries(MOMENTS)) {
    test(`a process that ${what} when it has leaked its descriptors: ${way}`, {
      skip: SKIP,
    }, async (t) => {
      const { endpoint, env } = await find(t);
      await forEach(0, ENOUGH, async (free) => {
        const input = { endpoint, free, after: done };
        const through = descriptors(MOST);
        const { meanwhile, afterwards } = await nodeResult(LEAK, input, { env, through });
        if (free === ENOUGH) assertWorks(meanwhile, `with ${free} descriptors left`);
        else assertAnswered(meanwhile, REASON, `with ${free} descriptors left`);
        assertWorks(afterwards, `after ${free} descriptors were left`);
      });
    });
  }
}

test('what is written while the store has no thread is in the table later', {
  skip: SKIP,
}, async (t) => {
  const scene = await newScene(t);
  const input = { endpoint: scene.engine, table: scene.table };
  const { errors } = await nodeResult(POSTPONED, input, { through: descriptors(MOST) });
  assert.strictEqual(errors, 1);
  const versions = {};
  for (const key of ['a', 'b', 'c']) versions[key] = (await scene.item('features', key)).version;
  assert.deepStrictEqual(versions, { a: 1, b: 2, c: 1 });
});

test('stores that are made, read and closed leave nothing behind', { skip: SKIP }, async (t) => {
  const { endpoint } = await places['an address'](t);
  await runStores(endpoint, 200);
});
