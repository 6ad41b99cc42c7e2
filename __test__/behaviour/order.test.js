'use strict';

/** What one process reads of a flag never goes back to an older version. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, itemRow } = require('../helpers/data');
const { randomNumbers } = require('../helpers/faults');
const { scenes } = require('../helpers/scene');

const newScene = scenes();
/** How many updates; more with the variable UPDATES. */
const UPDATES = Number(process.env.UPDATES) || 500;
const padding = 'x'.repeat(500);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Reads the flag over and over while it is updated, over a network on which a request takes some time to
 * get there, so that one overtakes the other, and a read is answered as the table was a few milliseconds
 * before.
 */
async function versionsRead(t, options, read) {
  const scene = await newScene(t);
  await scene.put(itemRow('features', { key: 'a', version: 1 }));
  const random = randomNumbers(1);
  scene.proxy.intercept(async ({ operation }, forward) => {
    await pause(10 * random());
    const answer = await forward();
    if (operation !== 'PutItem') await pause(15 * random());
    return answer;
  });
  const store = scene.open(options);
  const versions = [];
  const reads = [];
  for (let version = 2; version < UPDATES + 2; version += 1) {
    reads.push(read(store).then((item) => versions.push(item.version)));
    const update = store.upsert(FEATURES, { key: 'a', version });
    reads.push(read(store).then((item) => versions.push(item.version)));
    if (version % 3 === 0) await update;
    else if (version % 3 === 1) await pause(1);
  }
  await Promise.all(reads);
  return versions;
}

for (const [what, options] of [
  ['without caching', { cacheTTL: 0 }],
  ['with strongly consistent reads', { cacheTTL: 0, consistentRead: true }],
  ['with a short cacheTTL', { cacheTTL: 0.002 }],
  ['with reads slower than staleIfSlow', { cacheTTL: 0.002, staleIfSlow: 0.01 }],
]) {
  for (const [method, read] of [
    ['get', (store) => store.get(FEATURES, 'a')],
    ['all', async (store) => (await store.all(FEATURES)).a],
  ]) {
    test(`${method} gives no older version than before, ${what}`, async (t) => {
      const versions = await versionsRead(t, options, read);
      const back = versions.findIndex((version, i) => i > 0 && version < versions[i - 1]);
      assert.deepStrictEqual(versions.slice(back - 1, back + 1), back < 0 ? [] : undefined);
    });
  }
}

test('all of many items has what was read of one of them while it came in parts', async (t) => {
  const scene = await newScene(t);
  const data = {};
  for (let i = 0; i < 5_000; i += 1) data[`flag-${i}`] = { key: `flag-${i}`, version: 1, padding };
  const store = scene.open({ cacheTTL: 0 });
  await store.init({ features: data, segments: {} });
  let version = 1;
  for (let round = 0; round < 4; round += 1) {
    let read = 0;
    let answered;
    const all = store.all(FEATURES).then((items) => {
      answered = { read, inAll: items['flag-0'].version };
    });
    while (answered === undefined) {
      version += 1;
      await store.upsert(FEATURES, { key: 'flag-0', version });
      const item = await store.get(FEATURES, 'flag-0');
      if (answered === undefined) read = item.version;
    }
    await all;
    assert.ok(answered.inAll >= answered.read, JSON.stringify(answered));
  }
});
