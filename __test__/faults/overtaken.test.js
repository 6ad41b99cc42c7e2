'use strict';

/** Data sets that are handed over while another one is on its way. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, SEGMENTS, itemRow } = require('../support/data');
const { holdBack } = require('../support/faults');
const { scenes, withinTheSecond } = require('../support/scene');
const { gate, waitFor } = require('../support/wait');

const newScene = scenes();
const v = (key, version) => ({ key, version });

for (const upserts of [0, 1]) {
  for (const inits of [2, 5]) {
    const what = `${inits} data sets in a row${upserts ? ' behind an update' : ''}`;
    test(`${what} are answered when the last one is in the table`, async (t) => {
      const scene = await newScene(t);
      const store = scene.open();
      const writing = gate();
      scene.proxy.intercept(holdBack(writing, 'BatchWriteItem'));
      const versions = Array.from({ length: inits }, (_, index) => index + 1);
      const seen = [];
      const ended = async () => seen.push(await scene.item('features', 'k'));
      if (upserts) store.upsert(FEATURES, v('k', 9));
      const writes = versions.map((version) =>
        store.init({ features: { k: v('k', version) } }).then(ended)
      );
      await waitFor(
        async () => (await store.get(FEATURES, 'k'))?.version === inits,
        'the last one to be known'
      );
      assert.deepStrictEqual(seen, []);
      writing.open();
      await Promise.all(writes);
      assert.deepStrictEqual(
        seen,
        versions.map(() => v('k', inits))
      );
      assert.deepStrictEqual(scene.logger.lines, []);
    });
  }
}

test('data sets that are closed in a row are answered once each', async (t) => {
  await withinTheSecond(
    () => newScene(t),
    async (scene) => {
      const value = scene.value();
      let answered = 0;
      for (let version = 1; version <= 5; version += 1) {
        value.init({ features: { k: v('k', version) } }, () => {
          answered += 1;
        });
      }
      const closedAt = Date.now();
      await value.close();
      await waitFor(() => answered >= 5, 'all callbacks');
      const verify = async () => {
        assert.strictEqual(answered, 5);
        assert.deepStrictEqual(await scene.item('features', 'k'), v('k', 5));
        assert.deepStrictEqual(scene.logger.lines, []);
      };
      return { closedAt, verify };
    }
  );
});

test('a store that is closed at once writes a large data set, and logs nothing', async (t) => {
  const features = {};
  for (let number = 0; number < 100; number += 1) {
    const key = `flag-${number}`;
    features[key] = { ...v(key, 1), text: 'x'.repeat(3_000) };
  }
  await withinTheSecond(
    () => newScene(t),
    async (scene) => {
      const value = scene.value();
      const ended = new Promise((resolve) => value.init({ features }, resolve));
      const closedAt = Date.now();
      value.close();
      await ended;
      const verify = async () => {
        assert.strictEqual((await scene.rows()).length, 101);
        assert.deepStrictEqual(scene.logger.lines, []);
      };
      return { closedAt, verify };
    }
  );
});

for (const missing of [undefined, null]) {
  test(`a data set in which a kind is ${missing} has none of it`, async (t) => {
    const scene = await newScene(t);
    await scene.put(
      itemRow('features', v('old', 1)),
      itemRow('segments', v('old', 1)),
      itemRow('custom', v('old', 1)),
      itemRow('other:segments', v('old', 1))
    );
    const store = scene.open();
    const of = async (namespace) =>
      (await scene.rows()).filter((row) => row.namespace.S === namespace).map((row) => row.key.S);
    await store.init({
      features: { new: v('new', 1) },
      ...(missing === null && { segments: null }),
    });
    assert.deepStrictEqual([await of('features'), await of('segments')], [['new'], []]);
    assert.deepStrictEqual(await store.all(SEGMENTS), {});
    await store.init({});
    assert.deepStrictEqual([await of('features'), await of('segments')], [[], []]);
    assert.deepStrictEqual(await store.all(FEATURES), {});
    assert.deepStrictEqual([await of('custom'), await of('other:segments')], [['old'], ['old']]);
    assert.strictEqual(await store.initialized(), true);
  });
}

for (const cacheTTL of [0, 60]) {
  test(`an item is filed under the key that its data set gives it, TTL ${cacheTTL}`, async (t) => {
    const scene = await newScene(t);
    const store = scene.open({ cacheTTL });
    await store.init({ features: { filed: v('own', 1) } });
    assert.strictEqual(await scene.row('features', 'own'), undefined);
    assert.deepStrictEqual(await scene.item('features', 'filed'), v('own', 1));
    const other = scene.open({ cacheTTL });
    for (const reader of [store, other]) {
      assert.deepStrictEqual(await reader.get(FEATURES, 'filed'), v('own', 1));
      assert.strictEqual(await reader.get(FEATURES, 'own'), null);
      assert.deepStrictEqual(await reader.all(FEATURES), { filed: v('own', 1) });
    }
    await store.upsert(FEATURES, v('filed', 2));
    await store.delete(FEATURES, 'filed', 1);
    assert.deepStrictEqual(await store.all(FEATURES), { filed: v('filed', 2) });
    await store.upsert(FEATURES, v('own', 1));
    assert.deepStrictEqual(await store.all(FEATURES), { filed: v('filed', 2), own: v('own', 1) });
  });
}
