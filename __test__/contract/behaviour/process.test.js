'use strict';

/** What a store means for the process that it is in. */

const assert = require('node:assert');
const { test } = require('node:test');

const { runChild } = require('../../support/child');
const { FEATURES, itemRow } = require('../../support/data');
const { hang } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { IMPATIENT, PATIENT } = require('../../support/wait');

const newScene = scenes();

const flag = { key: 'a', version: 1 };
const READ = [['get', FEATURES, 'a']];
const EVERYTHING = [
  ['init', { features: { a: flag } }],
  ['upsert', FEATURES, { key: 'b', version: 1 }],
  ['delete', FEATURES, 'b', 2],
  ['get', FEATURES, 'a'],
  ['all', FEATURES],
  ['initialized'],
];

/** Runs a script that has to end by itself, without a word on stderr. */
async function mustEnd(script, input) {
  const { code, signal, stdout, stderr } = await runChild(script, input);
  assert.deepStrictEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  return stdout;
}

for (const close of [true, false]) {
  const how = close ? 'closes its store' : 'leaves its store open';

  for (const [what, calls] of Object.entries({
    'reads once': READ,
    'does everything': EVERYTHING,
  })) {
    test(`a process that ${what} and ${how} ends`, async (t) => {
      const scene = await newScene(t);
      await scene.put(itemRow('features', flag));
      const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
      const printed = await mustEnd('operate.js', { table: scene.table, options, calls, close });
      assert.strictEqual(JSON.parse(printed).results.length, calls.length);
      assert.deepStrictEqual(JSON.parse(printed).lines, []);
    });

    test(`a process that ${what}, in vain, and ${how} ends`, async (t) => {
      const scene = await newScene(t);
      scene.proxy.intercept(hang());
      for (const endpoint of ['http://127.0.0.1:1', 'not a url', scene.proxy.endpoint]) {
        const options = { ...IMPATIENT, clientOptions: { endpoint } };
        const printed = await mustEnd('operate.js', { table: 'my-table', options, calls, close });
        assert.ok(JSON.parse(printed).lines.length > 0);
      }
    });
  }

  test(`a process that uses no store, and ${how}, ends`, async () => {
    const options = { clientOptions: { endpoint: 'http://127.0.0.1:1' } };
    await mustEnd('operate.js', { table: 'my-table', options, calls: [], close });
  });
}

test('a process may end while calls are under way', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const options = { ...PATIENT, cacheTTL: 0, clientOptions: { endpoint: scene.engine } };
  const calls = Array.from({ length: 20 }, () => EVERYTHING).flat();
  for (let i = 0; i < 5; i += 1) {
    await mustEnd('exit-at-once.js', { table: scene.table, options, calls });
  }
});

test('a store that nobody uses any more is let go', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  for (const close of [true, false]) {
    const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
    const input = { table: scene.table, options, stores: 20, close };
    assert.strictEqual(await mustEnd('collect.js', input), 'all collected');
  }
});

test('worker threads have stores of their own, and may end in the middle of work', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
  const input = { table: scene.table, options, workers: 6, reads: 50 };
  const found = JSON.parse(await mustEnd('workers.js', input));
  const each = [50, 'terminated'];
  assert.deepStrictEqual(found, [50, ...each, ...each, ...each]);
});

test('the processes of a cluster have stores of their own', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
  const found = await mustEnd('cluster.js', { table: scene.table, options, workers: 3 });
  assert.deepStrictEqual(JSON.parse(found), ['a', 'a', 'a', 'a']);
});
