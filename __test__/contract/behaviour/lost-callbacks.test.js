'use strict';

/** Whatever throws inside the package, no callback is lost. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { childResult } = require('../../support/child');
const { FEATURES, itemRow, largeDataSet } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { promised } = require('../../support/wait');
const { ItemCache } = require('../../../lib/store/item-cache');

const newScene = scenes();

const SDK_9 = path.join(__dirname, '../../sdk-suites/v8-v9/node_modules/node-server-sdk-9');
const READS = ['get', 'all'];
const WRITES = ['init', 'upsert', 'delete'];
const BIG_SEGMENTS = ['getMetadata', 'getUserMembership'];
const EVERY = [...READS, ...WRITES, 'initialized', 'isStoreAvailable', ...BIG_SEGMENTS];

/** The methods that fail, by what is out of order. */
const FAILING = {
  'native methods throw': EVERY,
  'the item cache throws': READS,
  'an item throws nothing when it is written': ['init', 'upsert'],
  'a getter throws': [...READS, ...WRITES],
};

/** What a delivery of answers may be, which may be for several requests. */
const DELIVERIES = [
  'a delivery is no JSON',
  'a delivery is nothing',
  'a delivery has other parts',
  'an answer is none',
];
const STORES = EVERY.length - BIG_SEGMENTS.length + 1;

const CONTRACTS = {
  'SDK 5 to 7': { sdk: undefined, nothing: null, failedWrite: [] },
  'SDK 9': { sdk: SDK_9, nothing: {}, failedWrite: ['an Error'] },
};

/** What a method answers with when it fails. */
function failureOf(method, { nothing, failedWrite }) {
  if (method === 'get') return [null];
  if (method === 'all') return [nothing];
  if (WRITES.includes(method)) return failedWrite;
  return BIG_SEGMENTS.includes(method) ? 'rejected' : [false];
}

async function run(t, fault, sdk) {
  const scene = await newScene(t);
  await scene.put(itemRow('features', { key: 'a', version: 1 }));
  const input = { table: scene.table, endpoint: scene.engine, fault, sdk };
  return childResult('throwing-inside.js', input);
}

/** Each callback came once, those of the methods that fail with their failure, and nothing surfaced. */
function assertAnswered({ results, uncaught }, failing, contract) {
  assert.deepStrictEqual(uncaught, []);
  for (const method of EVERY) assert.strictEqual(results[method].count, 1, method);
  for (const method of failing) {
    assert.deepStrictEqual(results[method].answer, failureOf(method, contract), method);
  }
}

for (const [generation, contract] of Object.entries(CONTRACTS)) {
  for (const fault of DELIVERIES) {
    test(`${generation}: where ${fault}, each call fails once, and the log says so`, async (t) => {
      const result = await run(t, fault, contract.sdk);
      assertAnswered(result, EVERY, contract);
      const lines = result.lines.filter((line) => line.includes("answers can't be read"));
      assert.deepStrictEqual(lines, result.lines);
      assert.ok(lines.length >= STORES, lines.join('\n'));
    });
  }

  for (const [fault, failing] of Object.entries(FAILING)) {
    test(`${generation}: where ${fault}, each call fails once, with one line`, async (t) => {
      const result = await run(t, fault, contract.sdk);
      assertAnswered(result, failing, contract);
      assert.strictEqual(result.lines.length, failing.length, result.lines.join('\n'));
    });
  }
}

for (const [what, failing] of Object.entries({
  'the logger throws': ['get', 'all', 'init', 'upsert', 'delete'],
  'the logger rejects': ['get', 'all', 'upsert', 'delete'],
  'the logger and the console throw': [],
})) {
  test(`where ${what}, callbacks come all the same`, async (t) => {
    const result = await run(t, what);
    assertAnswered(result, failing, CONTRACTS['SDK 5 to 7']);
    // The console has the lines that the logger does not take.
    assert.strictEqual(result.lines.length, failing.length, result.lines.join('\n'));
  });
}

test('a read of many items that fails midway does not hold up the next one', async (t) => {
  const scene = await newScene(t);
  const { features } = largeDataSet({ flags: 500, segments: 1 });
  await scene.open().init({ features });
  const store = scene.open();
  const { keep } = ItemCache.prototype;
  t.after(() => {
    ItemCache.prototype.keep = keep;
  });
  ItemCache.prototype.keep = function (...args) {
    ItemCache.prototype.keep = keep;
    keep.apply(this, args);
    throw null;
  };
  assert.strictEqual(await store.all(FEATURES), null);
  assert.strictEqual(scene.logger.linesWith('all').length, 1);
  assert.strictEqual(scene.logger.lines.length, 1);
  assert.deepStrictEqual(await store.all(FEATURES), features);
  assert.deepStrictEqual(await store.get(FEATURES, 'flag-7'), features['flag-7']);
});

test('an item for which the SDK throws nothing is left out', async (t) => {
  const scene = await newScene(t);
  await scene.put(...['good', 'bad'].map((key) => itemRow('features', { key, version: 1 })));
  const { PersistentDataStoreWrapper: Wrapper } = require(SDK_9);
  class Throwing extends Wrapper {
    get(kind, key, callback) {
      super.get(kind, key, (item) => {
        if (item.key === 'bad') throw null;
        // The difference makes the store use this codec instead of its own.
        callback(item.rules ? { ...item, isDifferent: true } : item);
      });
    }
  }
  const view = scene.value({ sdk: { PersistentDataStoreWrapper: Throwing } });
  const store = promised(view({ basicConfiguration: {} }));
  assert.deepStrictEqual(Object.keys(await store.all(FEATURES)), ['good']);
  assert.strictEqual(await store.get(FEATURES, 'bad'), null);
  assert.strictEqual(scene.logger.linesWith('"bad" in "features"', 'no reason').length, 1);
});

test('a write that the SDK does not convert ends with an error', async (t) => {
  const scene = await newScene(t);
  const { PersistentDataStoreWrapper: Wrapper } = require(SDK_9);
  class Silent extends Wrapper {
    upsert() {}
  }
  const view = scene.value({ sdk: { PersistentDataStoreWrapper: Silent } });
  const store = view({ basicConfiguration: {} });
  const failure = await new Promise((resolve) =>
    store.upsert(FEATURES, { key: 'a', version: 1 }, resolve)
  );
  assert.match(failure.message, /did not convert/);
  assert.strictEqual(scene.logger.linesWith('upsert', 'did not convert').length, 1);
});
