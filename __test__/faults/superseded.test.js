'use strict';

/** Many updates that wait: of each flag the newest is written, and memory holds no other. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES } = require('../support/data');
const { hang, holdBack } = require('../support/faults');
const { scenes, withinTheSecond } = require('../support/scene');
const { ENDLESS, gate, waitFor } = require('../support/wait');

const newScene = scenes();

/**
 * Updates a flag once for each version.
 *
 * @returns {{answered: number}} how many callbacks have come; one that comes twice fails the test
 */
function updateOften(store, item, versions) {
  const answers = { answered: 0 };
  for (let version = 1; version <= versions; version += 1) {
    let isAnswered = false;
    store.upsert(FEATURES, { ...item, version }, () => {
      assert.strictEqual(isAnswered, false);
      isAnswered = true;
      answers.answered += 1;
    });
  }
  return answers;
}

test('a store that is closed after 2,000 updates of a flag writes the newest', async (t) => {
  await withinTheSecond(
    () => newScene(t),
    async (scene) => {
      const store = scene.value();
      const answers = updateOften(store, { key: 'k' }, 2_000);
      const closedAt = Date.now();
      store.close();
      await waitFor(() => answers.answered === 2_000, 'all callbacks');
      const verify = async () => {
        assert.deepStrictEqual(await scene.item('features', 'k'), { key: 'k', version: 2_000 });
        assert.ok(scene.proxy.count('PutItem') < 100, `${scene.proxy.count('PutItem')} requests`);
        assert.deepStrictEqual(scene.logger.lines, []);
      };
      return { closedAt, verify };
    }
  );
});

test('of the updates that come while one is under way the newest is written', async (t) => {
  const scene = await newScene(t);
  const store = scene.value();
  const putting = gate();
  scene.proxy.intercept(holdBack(putting, 'PutItem'));
  const first = updateOften(store, { key: 'k' }, 1);
  await waitFor(() => scene.proxy.history.length > 0, 'the request');
  const others = updateOften(store, { key: 'k' }, 500);
  putting.open();
  await waitFor(() => first.answered + others.answered === 501, 'all callbacks');
  assert.strictEqual(scene.proxy.count('PutItem'), 2);
  assert.strictEqual((await scene.item('features', 'k')).version, 500);
});

test('while DynamoDB hangs, memory holds the newest text of a flag', async (t) => {
  const scene = await newScene(t);
  const store = scene.value(ENDLESS);
  scene.proxy.intercept(hang());
  const text = 'x'.repeat(300_000);
  const before = process.memoryUsage().rss;
  // Each has a text of its own, and the garbage of one turn is not the store's.
  for (let version = 1; version <= 1_000; version += 1) {
    store.upsert(FEATURES, { key: 'k', version, text: text + version });
    if (version % 10 === 0) await new Promise(setImmediate);
  }
  const grown = (process.memoryUsage().rss - before) / 1e6;
  assert.ok(grown < 200, `${grown.toFixed()} MB`);
  assert.strictEqual(store.stats().unsaved, 1);
});

test('a store that is closed while very much waits ends, and says how much is lost', async (t) => {
  const scene = await newScene(t);
  // Nobody listens there.
  const clientOptions = { endpoint: 'http://127.0.0.1:1' };
  const store = scene.value({ writeTimeout: 1, clientOptions });
  const count = 10_000;
  let answered = 0;
  const updateAll = (version) => {
    for (let number = 0; number < count; number += 1) {
      store.upsert(FEATURES, { key: `flag-${number}`, version }, () => {
        answered += 1;
      });
    }
  };
  updateAll(1);
  await waitFor(() => answered === count, 'all to wait');
  updateAll(2);
  store.close();
  await waitFor(() => answered === 2 * count, 'all callbacks');
  await waitFor(() => scene.logger.linesWith('was closed with').length > 0, 'the last line');
  const { message } = scene.logger.lines[scene.logger.lines.length - 1];
  assert.match(
    message,
    /closed with 10000 items not in the table; given up: "flag-0" in "features"/
  );
  assert.deepStrictEqual(scene.logger.linesWith('all writes are in the table'), []);
});
