'use strict';

/** A process that stood still, and one whose clock is set. */

const assert = require('node:assert');
const { test } = require('node:test');

const { startServing } = require('../../support/child');
const { FEATURES, itemRow } = require('../../support/data');
const { RESET } = require('../../support/engine-proxy');
const { findLibrary, makeClock } = require('../../support/faketime');
const { scenes } = require('../../support/scene');
const { ENDLESS, gate, waitFor } = require('../../support/wait');

const library = findLibrary();
const skip = library ? false : 'libfaketime is not installed (apt-get install faketime)';
const newScene = scenes();

const HOUR = 3600;
const flag = { key: 'a', version: 1, on: true };
const newer = { key: 'a', version: 2, on: true };

/** A process whose clock can be set, with a store that has read a flag and all flags. */
async function withClock(t, options) {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const clock = makeClock(/** @type {string} */ (library));
  const { proxy, table } = scene;
  const clientOptions = { endpoint: proxy.endpoint };
  const input = { table, options: { ...ENDLESS, cacheTTL: 60, clientOptions, ...options } };
  const { ask, end } = startServing(input, clock.env);
  t.after(() => end().then(clock.remove));
  const read = async () => [await ask('get', FEATURES, 'a'), await ask('all', FEATURES)];
  assert.deepStrictEqual(await read(), [flag, { a: flag }]);
  return { scene, clock, ask, read };
}

test('a clock that has gone on makes what was read expire', { skip }, async (t) => {
  const { scene, clock, ask, read } = await withClock(t);
  const before = await ask('now');
  clock.setAhead(HOUR);
  assert.ok((await ask('now')) - before >= HOUR * 1000);
  await scene.put(itemRow('features', newer));
  assert.deepStrictEqual(await read(), [newer, { a: newer }]);
  const requests = { GetItem: 2, Query: 2 };
  assert.deepStrictEqual(scene.proxy.requests, requests);
  assert.deepStrictEqual(await read(), [newer, { a: newer }]);
  assert.deepStrictEqual(scene.proxy.requests, requests);
});

test('a clock that has gone back makes what was read expire, once', { skip }, async (t) => {
  const { scene, clock, read } = await withClock(t);
  clock.setAhead(-HOUR);
  await scene.put(itemRow('features', newer));
  assert.deepStrictEqual(await read(), [newer, { a: newer }]);
  for (let i = 0; i < 3; i += 1) assert.deepStrictEqual(await read(), [newer, { a: newer }]);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 2, Query: 2 });
});

test('after standing still, a process uses no old connection', { skip }, async (t) => {
  const { scene, clock, ask } = await withClock(t, { cacheTTL: 0 });
  for (let i = 0; i < 10; i += 1) await ask('get', FEATURES, 'a');
  const connections = () => scene.proxy.history.map(({ connection }) => connection);
  const old = new Set(connections());
  assert.ok(old.size < scene.proxy.history.length, 'connections are used again');
  scene.proxy.reset();
  clock.setAhead(HOUR);
  assert.deepStrictEqual(await ask('get', FEATURES, 'a'), flag);
  assert.strictEqual(scene.proxy.history.length, 1);
  assert.ok(!old.has(connections()[0]));
  // A clock that was put right a little has not stood still.
  scene.proxy.reset();
  clock.setAhead(HOUR + 5);
  for (let i = 0; i < 10; i += 1) await ask('get', FEATURES, 'a');
  assert.ok(new Set(connections()).size < scene.proxy.history.length);
});

test('what fails since the process stood still is sent again', { skip }, async (t) => {
  const { scene, clock, ask } = await withClock(t, { cacheTTL: 1 });
  clock.setAhead(5);
  await scene.put(itemRow('features', newer));
  scene.proxy.reset();
  const held = gate();
  scene.proxy.intercept(async ({ call }) => {
    if (call > 1) return undefined;
    await held.opened;
    return RESET;
  });
  const answer = ask('get', FEATURES, 'a');
  await waitFor(() => scene.proxy.history.length > 0, 'the request');
  clock.setAhead(HOUR);
  held.open();
  // One failure would do to be answered with what is held.
  assert.deepStrictEqual(await answer, newer);
  const [first, second, ...more] = scene.proxy.history;
  assert.notStrictEqual(first.connection, second.connection);
  assert.deepStrictEqual(more, []);
});

test('what fails for another reason is not sent again', { skip }, async (t) => {
  const { scene, clock, ask } = await withClock(t, { cacheTTL: 1 });
  clock.setAhead(5);
  await scene.put(itemRow('features', newer));
  scene.proxy.reset();
  scene.proxy.intercept(() => RESET);
  assert.deepStrictEqual(await ask('get', FEATURES, 'a'), flag);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1 });
});
