'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { FEATURES, itemRow } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { viewOf } = require('../../support/sdk-view');
const { promised } = require('../../support/wait');

const newScene = scenes();
const SDK_9 = require(
  path.join(__dirname, '../../sdk-suites/v8-v9/node_modules/node-server-sdk-9')
);

const KEY = 'gone';
const VERSION = 5;
const json = (value) => ({ item: { S: JSON.stringify(value) } });

/** What each writer leaves of a deleted flag, in attributes besides the keys and `version`. */
const WRITERS = {
  'Node, Python and Ruby': json({ key: KEY, version: VERSION, deleted: true }),
  'Go and the Relay Proxy': json({
    key: '$deleted',
    on: false,
    prerequisites: null,
    targets: null,
    rules: null,
    fallthrough: { variation: null },
    offVariation: null,
    variations: null,
    salt: '',
    version: VERSION,
    deleted: true,
  }),
  'Java and .NET': { item: { S: 'null' } },
  'Java and .NET through other stores': json({ version: VERSION, deleted: true }),
  'the attribute deleted over a live item': {
    ...json({ key: KEY, version: VERSION, on: true }),
    deleted: { BOOL: true },
  },
  'the attribute deleted without an item': { item: undefined, deleted: { BOOL: true } },
};

for (const [writer, attributes] of Object.entries(WRITERS)) {
  const row = (version) =>
    itemRow('features', { key: KEY, version }, { ...attributes, version: { N: `${version}` } });

  for (const cacheTTL of [0, 30]) {
    const how = cacheTTL ? 'cached' : 'uncached';

    test(`the tombstone of ${writer} is not found, ${how}`, async (t) => {
      const scene = await newScene(t);
      const live = { key: 'live', version: 1 };
      await scene.put(row(VERSION), itemRow('features', live));
      const store = scene.open({ cacheTTL });
      assert.strictEqual(await store.get(FEATURES, KEY), null);
      assert.deepStrictEqual(await store.all(FEATURES), { live });
      assert.strictEqual(await store.get(FEATURES, KEY), null);
      assert.deepStrictEqual(scene.logger.lines, []);
    });

    test(`the tombstone of ${writer} gives way to a newer version only, ${how}`, async (t) => {
      const scene = await newScene(t);
      await scene.put(row(VERSION));
      const store = scene.open({ cacheTTL });
      for (const version of [VERSION - 1, VERSION]) {
        await store.upsert(FEATURES, { key: KEY, version, on: true });
        assert.strictEqual(await store.get(FEATURES, KEY), null, `version ${version}`);
        assert.deepStrictEqual(await scene.row('features', KEY), row(VERSION));
      }
      const newer = { key: KEY, version: VERSION + 1, on: true };
      await store.upsert(FEATURES, newer);
      assert.deepStrictEqual(await store.get(FEATURES, KEY), newer);
      assert.deepStrictEqual(await store.all(FEATURES), { [KEY]: newer });
      assert.deepStrictEqual(await scene.row('features', KEY), itemRow('features', newer));
      assert.deepStrictEqual(scene.logger.lines, []);
    });
  }

  test(`init replaces the tombstone of ${writer}, whatever its version`, async (t) => {
    const scene = await newScene(t);
    await scene.put(row(VERSION));
    const older = { key: KEY, version: 1, on: true };
    await scene.open().init({ features: { [KEY]: older } });
    assert.deepStrictEqual(await scene.row('features', KEY), itemRow('features', older));
  });
}

test('an attribute deleted that is false deletes nothing', async (t) => {
  const scene = await newScene(t);
  const live = { key: 'live', version: 1 };
  await scene.put(itemRow('features', live, { deleted: { BOOL: false } }));
  assert.deepStrictEqual(await scene.open().get(FEATURES, 'live'), live);
  assert.deepStrictEqual(await scene.open().all(FEATURES), { live });
});

test('init deletes tombstones of keys that it does not bring', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', { key: KEY, version: VERSION, deleted: true }));
  await scene.open().init({ features: {} });
  assert.strictEqual(await scene.row('features', KEY), undefined);
});

for (const [contract, open] of /** @type {const} */ ([
  ['SDK 5 to 7', (_t, value) => promised(value)],
  ['SDK 9', (t, value) => viewOf(t, SDK_9, value).store],
])) {
  test(`${contract}: init stores the tombstones of a data set as tombstones`, async (t) => {
    const scene = await newScene(t);
    const live = { key: 'live', version: 1, on: true };
    const tombstone = { key: KEY, version: VERSION, deleted: true };
    for (const gone of [tombstone, { version: VERSION, deleted: true }]) {
      const prefix = 'key' in gone ? 'with-key' : 'without-key';
      const store = open(t, scene.value({ prefix }));
      await store.init({ features: { live, [KEY]: gone }, segments: { [KEY]: gone } });
      assert.deepStrictEqual(Object.keys(await store.all(FEATURES)), ['live']);
      assert.strictEqual(await store.get(FEATURES, KEY), null);
      for (const kind of ['features', 'segments']) {
        const namespace = `${prefix}:${kind}`;
        assert.deepStrictEqual(await scene.row(namespace, KEY), itemRow(namespace, tombstone));
      }
      // A version that was overtaken by the deletion does not come back.
      await store.upsert(FEATURES, { key: KEY, version: VERSION, on: true });
      assert.strictEqual(await open(t, scene.value({ prefix })).get(FEATURES, KEY), null);
    }
    assert.deepStrictEqual(scene.logger.lines, []);
  });
}
