'use strict';

/** Flags that have the names of members of `Object.prototype`, in the contracts of both SDK generations. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { withOwnCodec } = require('../../support/codecs');
const { FEATURES, SEGMENTS } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { viewOf } = require('../../support/sdk-view');
const { promised } = require('../../support/wait');

const newScene = scenes();

const INSTALLED = path.join(__dirname, '../../sdk-suites/v8-v9/node_modules');
const SDK_8 = require(path.join(INSTALLED, 'node-server-sdk-8'));
const SDK_9 = require(path.join(INSTALLED, 'node-server-sdk-9'));
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

/** What opens a store in each contract, on a new store value. */
const CONTRACTS = {
  'SDK 5 to 7': (_t, value) => promised(value),
  'SDK 8': (t, value) => viewOf(t, SDK_8, value).store,
  'SDK 9': (t, value) => viewOf(t, SDK_9, value).store,
  "SDK 9, the SDK's own codec": (t, value) => viewOf(t, SDK_9, value).store,
};

const flag = (key, version) => ({ key, version, on: true, variations: [true, false] });
const versionsIn = (items) => Object.entries(items).map(([key, { version }]) => [key, version]);
const versions = (names, version) => names.map((key) => [key, version]).sort();
// The fast conversion begins with the 33rd item.
const OTHERS = Array.from({ length: 40 }, (_, i) => `other-${i}`);

/** An object that has `__proto__` as a member like any other, as `JSON.parse` makes them. */
function byKey(keys, version) {
  return Object.fromEntries(keys.map((key) => [key, flag(key, version)]));
}

for (const [contract, open] of Object.entries(CONTRACTS)) {
  for (const cacheTTL of [0, 30]) {
    test(`${contract}, cacheTTL ${cacheTTL}: flags may be named as members of every object`, async (t) => {
      const scene = await newScene(t);
      const sdk = contract.includes('own codec') ? { sdk: withOwnCodec(SDK_9) } : {};
      const store = open(t, scene.value({ cacheTTL, ...sdk }));
      const reader = open(t, scene.value({ cacheTTL, ...sdk }));
      const assertHas = async (by, names, version, others = []) => {
        const all = await by.all(FEATURES);
        const expected = [...versions(names, version), ...versions(others, 1)].sort();
        assert.deepStrictEqual(versionsIn(all).sort(), expected);
        assert.strictEqual(Object.getPrototypeOf(all), Object.prototype);
        for (const name of names) {
          const item = await by.get(FEATURES, name);
          assert.deepStrictEqual([item.key, item.version, item.on], [name, version, true]);
          assert.strictEqual((await by.get(FEATURES, name)).version, version);
        }
      };
      for (const name of NAMES) assert.strictEqual(await store.get(FEATURES, name), null);
      assert.deepStrictEqual(await store.all(FEATURES), {});
      await store.init({ features: byKey([...NAMES, ...OTHERS], 1), segments: byKey(NAMES, 1) });
      await assertHas(store, NAMES, 1, OTHERS);
      await assertHas(reader, NAMES, 1, OTHERS);
      for (const name of NAMES) {
        assert.strictEqual((await store.get(SEGMENTS, name)).key, name);
        await store.upsert(FEATURES, flag(name, 2));
      }
      await assertHas(store, NAMES, 2, OTHERS);
      await store.init({ features: byKey(NAMES, 3) });
      await assertHas(store, NAMES, 3);
      for (const [i, name] of NAMES.entries()) {
        await store.delete(FEATURES, name, 4);
        assert.strictEqual(await store.get(FEATURES, name), null);
        await assertHas(store, NAMES.slice(i + 1), 3);
      }
      assert.deepStrictEqual(scene.logger.lines, []);
    });
  }
}

test('kinds may be named so, too', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await store.init(Object.fromEntries(NAMES.map((name) => [name, byKey(NAMES, 1)])));
  for (const by of [store, scene.open()]) {
    for (const namespace of NAMES) {
      assert.deepStrictEqual(await by.all({ namespace }), byKey(NAMES, 1));
      assert.deepStrictEqual(await by.get({ namespace }, 'toString'), flag('toString', 1));
    }
  }
});
