'use strict';

/** Reads that share a request, an answer, or the very same objects. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, itemRow } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { ENDLESS, gate, letPass, promised, waitFor } = require('../../support/wait');

const newScene = scenes();

/** In seconds. */
const SHORT = 0.05;
const flag = { key: 'a', version: 1, on: true };
const newer = { key: 'a', version: 2, on: false };
const other = { key: 'b', version: 1 };
const times = (count, action) => Promise.all(Array.from({ length: count }, action));

/** A scene with the rows of two flags. */
async function sceneOfTwo(t) {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag), itemRow('features', other));
  return scene;
}

test('a thousand reads of one cold key at the same time are one request', async (t) => {
  const scene = await sceneOfTwo(t);
  const store = scene.open();
  const items = await times(1000, () => store.get(FEATURES, 'a'));
  assert.deepStrictEqual(items[0], flag);
  assert.ok(items.every((item) => item === items[0]));
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1 });
});

test('a thousand cold reads of all items are one request, and give the same object', async (t) => {
  const scene = await sceneOfTwo(t);
  const store = scene.open();
  const answers = await times(1000, () => store.all(FEATURES));
  assert.deepStrictEqual(answers[0], { a: flag, b: other });
  assert.ok(answers.every((answer) => answer === answers[0]));
  assert.strictEqual(await store.all(FEATURES), answers[0]);
  assert.deepStrictEqual(scene.proxy.requests, { Query: 1 });
});

test('reads of all views of a store value share requests', async (t) => {
  const scene = await sceneOfTwo(t);
  const value = scene.value();
  const views = [value, value(), value({})].map(promised);
  await Promise.all(views.map((view) => view.get(FEATURES, 'a')));
  await Promise.all(views.map((view) => view.all(FEATURES)));
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1, Query: 1 });
});

test('what another view saves is in all without another request', async (t) => {
  const scene = await sceneOfTwo(t);
  const value = scene.value();
  const [view, writer] = [value(), value()].map(promised);
  const before = await view.all(FEATURES);
  scene.proxy.reset();
  await writer.upsert(FEATURES, newer);
  assert.deepStrictEqual(await view.all(FEATURES), { a: newer, b: other });
  assert.strictEqual((await view.all(FEATURES)).b, before.b);
  assert.strictEqual((await view.all(FEATURES)).a, await view.get(FEATURES, 'a'));
  await writer.upsert(FEATURES, { key: 'c', version: 1 });
  assert.deepStrictEqual(await view.all(FEATURES), {
    a: newer,
    b: other,
    c: { key: 'c', version: 1 },
  });
  await writer.delete(FEATURES, 'a', 3);
  assert.deepStrictEqual(await view.all(FEATURES), { b: other, c: { key: 'c', version: 1 } });
  assert.strictEqual(await view.get(FEATURES, 'a'), null);
  assert.deepStrictEqual(scene.proxy.requests, { PutItem: 3 });
});

test('an item that has not changed stays the same object when it is read again', async (t) => {
  const scene = await sceneOfTwo(t);
  const store = scene.open({ ...ENDLESS, cacheTTL: SHORT });
  const before = await store.get(FEATURES, 'a');
  await letPass(2 * SHORT);
  assert.strictEqual(await store.get(FEATURES, 'a'), before);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 2 });
});

test('all items stay the same object when none has changed, else those that have not', async (t) => {
  const scene = await sceneOfTwo(t);
  const store = scene.open({ ...ENDLESS, cacheTTL: SHORT });
  const before = await store.all(FEATURES);
  await letPass(2 * SHORT);
  assert.strictEqual(await store.all(FEATURES), before);
  assert.deepStrictEqual(scene.proxy.requests, { Query: 2 });
  await scene.put(itemRow('features', newer));
  await letPass(2 * SHORT);
  const after = await store.all(FEATURES);
  assert.deepStrictEqual(after, { a: newer, b: other });
  assert.strictEqual(after.b, before.b);
  assert.deepStrictEqual(before, { a: flag, b: other });
});

test('an item is the same object by itself and among all, whichever is read first', async (t) => {
  const scene = await sceneOfTwo(t);
  const store = scene.open();
  const item = await store.get(FEATURES, 'a');
  const all = await store.all(FEATURES);
  assert.strictEqual(all.a, item);
  assert.strictEqual(await store.get(FEATURES, 'b'), all.b);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1, Query: 1 });
});

test('nothing that was handed out changes by later upserts, deletes and reads', async (t) => {
  const scene = await sceneOfTwo(t);
  const store = scene.open({ ...ENDLESS, cacheTTL: SHORT });
  const handedOut = [];
  const take = async () => {
    for (const value of [await store.all(FEATURES), await store.get(FEATURES, 'a')]) {
      handedOut.push({ value, copy: structuredClone(value) });
    }
  };
  await take();
  await store.upsert(FEATURES, newer);
  await take();
  await store.delete(FEATURES, 'b', 2);
  await take();
  await store.upsert(FEATURES, { key: 'b', version: 3 });
  await take();
  await scene.put(itemRow('features', { ...newer, version: 9 }));
  await letPass(2 * SHORT);
  await take();
  assert.strictEqual(handedOut.at(-1).value.version, 9);
  for (const { value, copy } of handedOut) assert.deepStrictEqual(value, copy);
});

test('after all has been read, no single read needs a request, and one in vain needs one', async (t) => {
  const scene = await sceneOfTwo(t);
  const store = scene.open();
  const all = await store.all(FEATURES);
  for (const key of ['a', 'b']) assert.strictEqual(await store.get(FEATURES, key), all[key]);
  assert.deepStrictEqual(scene.proxy.requests, { Query: 1 });
  for (let i = 0; i < 3; i += 1) {
    assert.strictEqual(await store.get(FEATURES, 'missing'), null);
    assert.strictEqual(await store.get(FEATURES, 'toString'), null);
  }
  assert.deepStrictEqual(scene.proxy.requests, { Query: 1, GetItem: 2 });
});

test('keys may be any text', async (t) => {
  const scene = await newScene(t);
  const keys = [
    '__proto__',
    'constructor',
    'a "b"\\c\n',
    "it's",
    'Ünïcödé 日本語 🚀',
    '\u2028',
    '1',
  ];
  const expected = Object.fromEntries(keys.map((key) => [key, { key, version: 1 }]));
  await scene.put(...keys.map((key) => itemRow('features', expected[key])));
  const store = scene.open();
  for (const reader of [store, scene.open({ cacheTTL: 0 })]) {
    const all = await reader.all(FEATURES);
    assert.deepStrictEqual(Object.keys(all).sort(), [...keys].sort());
    for (const key of keys) {
      assert.deepStrictEqual(Object.getOwnPropertyDescriptor(all, key).value, expected[key]);
      assert.deepStrictEqual(await reader.get(FEATURES, key), expected[key]);
    }
    assert.strictEqual(Object.getPrototypeOf(all), Object.prototype);
  }
  for (const key of keys) {
    await store.upsert(FEATURES, { key, version: 2 });
    const all = await store.all(FEATURES);
    assert.deepStrictEqual(Object.keys(all).sort(), [...keys].sort());
    assert.strictEqual(Object.getOwnPropertyDescriptor(all, key).value.version, 2);
  }
  for (const key of keys) {
    await store.delete(FEATURES, key, 3);
    assert.ok(!Object.hasOwn(await store.all(FEATURES), key), key);
  }
  assert.deepStrictEqual(await store.all(FEATURES), {});
});

for (const what of ['cold', 'stale']) {
  test(`every read after an upsert gives it, though a ${what} read is on its way`, async (t) => {
    const scene = await sceneOfTwo(t);
    const store = scene.open({ ...ENDLESS, cacheTTL: what === 'cold' ? 15 : SHORT });
    const readBoth = () => [store.get(FEATURES, 'a'), store.all(FEATURES)];
    if (what === 'stale') {
      await Promise.all(readBoth());
      await letPass(2 * SHORT);
    }
    scene.proxy.reset();
    const held = gate();
    let holding = true;
    scene.proxy.intercept(async ({ operation }, forward) => {
      if (!holding || operation === 'PutItem') return undefined;
      const answer = await forward();
      await held.opened;
      return answer;
    });
    const delayed = readBoth();
    await waitFor(() => scene.proxy.history.length === 2, 'both requests');
    holding = false;
    await store.upsert(FEATURES, newer);
    const readMany = () =>
      times(20, async () => {
        const [item, all] = await Promise.all(readBoth());
        assert.deepStrictEqual(item, newer);
        assert.deepStrictEqual(all, { a: newer, b: other });
      });
    await readMany();
    held.open();
    await Promise.all(delayed);
    await readMany();
    await letPass(2 * SHORT);
    await readMany();
  });
}
