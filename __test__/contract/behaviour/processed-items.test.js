'use strict';

/**
 * Views for SDK 8 and 9, whose items are not plain JSON.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { inspect } = require('node:util');

const { DynamoDBFeatureStore } = require('../../..');
const { withOwnCodec } = require('../../support/codecs');
const { FEATURES, SEGMENTS, itemRow } = require('../../support/data');
const { answerWith, rejection } = require('../../support/faults');
const { recordingLogger } = require('../../support/logger');
const { scenes } = require('../../support/scene');
const { viewOf } = require('../../support/sdk-view');
const { answered, letPass, promised } = require('../../support/wait');

const anyScene = scenes();

const INSTALLED = path.join(__dirname, '..', '..', 'sdk-suites', 'v8-v9', 'node_modules');
const SDK_8 = require(path.join(INSTALLED, 'node-server-sdk-8'));
const SDK_9 = require(path.join(INSTALLED, 'node-server-sdk-9'));
const SDKS = {
  'SDK 8': { sdk: SDK_8, usesOwnCodec: false },
  'SDK 9': { sdk: SDK_9, usesOwnCodec: false },
  "SDK 8, the SDK's own codec": { sdk: SDK_8, usesOwnCodec: true },
  "SDK 9, the SDK's own codec": { sdk: SDK_9, usesOwnCodec: true },
};

/** More than an SDK keeps as a list. */
const MANY = Array.from({ length: 200 }, (_, number) => `user-${number}`);
const SEGMENT = {
  key: 's',
  version: 1,
  included: MANY,
  excluded: ['x'],
  includedContexts: [{ contextKind: 'org', values: MANY }],
  rules: [{ clauses: [{ attribute: '/a/b', contextKind: 'org', op: 'in', values: ['c'] }] }],
};
const FLAG = {
  key: 'f',
  version: 1,
  on: true,
  rules: [{ variation: 0, clauses: [{ attribute: 'country', op: 'in', values: ['DE'] }] }],
  variations: [true, false],
};

function everything(item) {
  return inspect(item, { depth: null, maxArrayLength: null, maxStringLength: null });
}

function rowOf(scene, namespace, key) {
  return scene.row(namespace, key).then((row) => row.item.S);
}

for (const [name, { sdk, usesOwnCodec }] of Object.entries(SDKS)) {
  const newScene = async (t) => {
    const scene = await anyScene(t);
    if (usesOwnCodec) scene.defaults = { sdk: withOwnCodec(sdk) };
    return scene;
  };

  for (const origin of ['the table', 'an init of its own', 'an upsert of its own']) {
    test(`${name}: what comes from ${origin} is ready for evaluation`, async (t) => {
      const scene = await newScene(t);
      const { store, view } = viewOf(t, sdk, scene.value());
      const data = { features: { f: FLAG }, segments: { s: SEGMENT } };
      if (origin === 'the table') {
        await scene.put(itemRow('features', FLAG), itemRow('segments', SEGMENT));
      } else if (origin === 'an init of its own') {
        await store.init(data);
      } else {
        await store.upsert(FEATURES, FLAG);
        await store.upsert(SEGMENTS, SEGMENT);
      }
      const segment = await store.get(SEGMENTS, 's');
      assert.deepStrictEqual(segment.generated_includedSet, new Set(MANY));
      assert.deepStrictEqual(segment.includedContexts[0].generated_valuesSet, new Set(MANY));
      const reference = segment.rules[0].clauses[0].attributeReference;
      assert.ok(reference instanceof sdk.AttributeReference);
      const flag = await store.get(FEATURES, 'f');
      assert.ok(flag.rules[0].clauses[0].attributeReference instanceof sdk.AttributeReference);
      // The second time it is the same object, at once.
      for (const [kind, item] of /** @type {const} */ ([
        [FEATURES, flag],
        [SEGMENTS, segment],
      ])) {
        let again;
        view.get(kind, item.key, (held) => {
          again = held;
        });
        assert.strictEqual(again, item);
        assert.strictEqual((await store.all(kind))[item.key], item);
      }
      assert.deepStrictEqual(JSON.parse(await rowOf(scene, 'segments', 's')), SEGMENT);
      assert.deepStrictEqual(JSON.parse(await rowOf(scene, 'features', 'f')), FLAG);
      assert.deepStrictEqual(scene.logger.lines, []);
    });
  }

  test(`${name}: what the SDK hands over stays as it is`, async (t) => {
    const scene = await newScene(t);
    const { store } = viewOf(t, sdk, scene.value());
    await scene.put(itemRow('features', FLAG), itemRow('segments', SEGMENT));
    const { store: other } = viewOf(t, sdk, scene.value({ prefix: 'other' }));
    const [flag, segment] = [await store.get(FEATURES, 'f'), await store.get(SEGMENTS, 's')];
    const before = everything([flag, segment]);
    await other.init({ features: { f: flag }, segments: { s: segment } });
    await other.upsert(SEGMENTS, { ...segment, version: 2 });
    await other.upsert(FEATURES, { ...flag, version: 2 });
    assert.strictEqual(everything([flag, segment]), before);
    const rewritten = { ...SEGMENT, version: 2 };
    assert.deepStrictEqual(JSON.parse(await rowOf(scene, 'other:segments', 's')), rewritten);
  });

  test(`${name}: nulls and odd members are written as they are`, async (t) => {
    const scene = await newScene(t);
    const { store } = viewOf(t, sdk, scene.value());
    const odd = {
      ...FLAG,
      variations: [null, [null, { a: [undefined] }], { includedContexts: [null] }],
      offVariation: null,
      includedContexts: null,
      nothing: undefined,
      ['__proto__']: { polluted: true },
    };
    Object.defineProperty(odd, '__proto__', { value: 1, enumerable: true, configurable: true });
    await store.upsert(FEATURES, odd);
    await store.init({ features: { f: odd }, segments: {} });
    const expected = JSON.parse(JSON.stringify(odd));
    // The SDK's codec can't write this member if it is null.
    if (usesOwnCodec) delete expected.includedContexts;
    assert.deepStrictEqual(JSON.parse(await rowOf(scene, 'features', 'f')), expected);
    assert.deepStrictEqual(scene.logger.lines, []);
  });

  test(`${name}: an unchanged item is not made anew when its time is over`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', FLAG), itemRow('segments', SEGMENT));
    const { store } = viewOf(t, sdk, scene.value({ cacheTTL: 0.2 }));
    const [flag, all] = [await store.get(FEATURES, 'f'), await store.all(SEGMENTS)];
    await letPass(0.3);
    const requests = { ...scene.proxy.requests };
    assert.strictEqual(await store.get(FEATURES, 'f'), flag);
    assert.strictEqual((await store.all(SEGMENTS)).s, all.s);
    assert.notDeepStrictEqual(scene.proxy.requests, requests);
  });

  test(`${name}: kinds that the SDK doesn't know are plain JSON`, async (t) => {
    const scene = await newScene(t);
    const { store } = viewOf(t, sdk, scene.value());
    const kind = { namespace: 'metrics' };
    const metric = { key: 'm', version: 1, included: MANY, nothing: null };
    await store.upsert(kind, metric);
    assert.deepStrictEqual(await store.get(kind, 'm'), metric);
    await store.init({ features: {}, metrics: { m: metric } });
    assert.deepStrictEqual(await store.all(kind), { m: metric });
  });

  test(`${name}: an item that the SDK can't read is left out, and named once`, async (t) => {
    const scene = await newScene(t);
    await scene.put(
      itemRow('features', FLAG),
      itemRow('features', { key: 'odd', version: 1, rules: 'none' })
    );
    const { store } = viewOf(t, sdk, scene.value({ cacheTTL: 0.2 }));
    assert.deepStrictEqual(Object.keys(await store.all(FEATURES)), ['f']);
    assert.strictEqual(await store.get(FEATURES, 'odd'), null);
    await letPass(0.3);
    assert.deepStrictEqual(Object.keys(await store.all(FEATURES)), ['f']);
    assert.strictEqual(await store.get(FEATURES, 'odd'), null);
    const lines = scene.logger.linesWith('"odd" in "features"');
    assert.strictEqual(lines.length, 1, inspect(scene.logger.lines));
    assert.strictEqual(scene.logger.lines.length, 1);
  });

  test(`${name}: an item that can't be written is refused, and the others are not lost`, async (t) => {
    const scene = await newScene(t);
    const { view, store } = viewOf(t, sdk, scene.value());
    await store.init({ features: { f: FLAG }, segments: {} });
    /** @type {any} */
    const circular = { key: 'c', version: 1 };
    circular.itself = circular;
    for (const call of [
      (callback) => view.upsert(FEATURES, circular, callback),
      (callback) => view.init({ features: { circular } }, callback),
    ]) {
      const [failure] = await answered('write', call);
      assert.ok(failure instanceof Error, inspect(failure));
    }
    assert.strictEqual(scene.logger.linesWith("can't be written as JSON").length, 2);
    assert.strictEqual((await store.get(FEATURES, 'f')).key, 'f');
  });

  test(`${name}: the callback of a write that is not in the table gets an Error`, async (t) => {
    const scene = await newScene(t);
    const { view, store } = viewOf(t, sdk, scene.value());
    const writes = {
      init: (callback) => view.init({ features: { f: FLAG }, segments: {} }, callback),
      upsert: (callback) => view.upsert(FEATURES, { ...FLAG, version: 2 }, callback),
      delete: (callback) => view.delete(FEATURES, 'f', 3, callback),
    };
    for (const [method, call] of Object.entries(writes)) {
      assert.deepStrictEqual(await answered(method, call), [], method);
    }
    scene.proxy.intercept(answerWith(rejection()));
    writes.upsert = (callback) => view.upsert(FEATURES, { ...FLAG, version: 12 }, callback);
    writes.delete = (callback) => view.delete(FEATURES, 'f', 13, callback);
    for (const [method, call] of Object.entries(writes)) {
      const [failure] = await answered(method, call);
      assert.ok(failure instanceof Error, method);
      assert.strictEqual(/** @type {any} */ (failure).code, 'REFUSED');
    }
    const [wrong] = await answered('upsert', (callback) => view.upsert(FEATURES, 5, callback));
    assert.match(wrong.message, /upsert: the item is not an object/);
    assert.strictEqual(/** @type {any} */ (wrong).code, 'INVALID_DATA');
    assert.strictEqual(await store.get(FEATURES, 'f'), null);
  });

  test(`${name}: all of what can't be read is an empty object`, async (t) => {
    const scene = await newScene(t);
    const { store } = viewOf(t, sdk, scene.value());
    scene.proxy.intercept(answerWith(rejection()));
    assert.deepStrictEqual(await store.all(FEATURES), {});
    assert.strictEqual(await store.get(FEATURES, 'f'), null);
    assert.deepStrictEqual(await store.all(/** @type {any} */ (null)), {});
  });

  test(`${name}: says what came with the data, and whether DynamoDB answers`, async (t) => {
    const scene = await newScene(t);
    const { view, store } = viewOf(t, sdk, scene.value({ availabilityTimeout: 60 }));
    assert.strictEqual(view.getInitMetaData(), undefined);
    const metadata = { environmentId: 'an environment' };
    await answered('init', (callback) => view.init({ features: {} }, callback, metadata));
    assert.strictEqual(view.getInitMetaData(), metadata);
    await store.init({ features: {} });
    assert.strictEqual(view.getInitMetaData(), undefined);
    assert.deepStrictEqual(await answered('available', view.isStoreAvailable), [true]);
    scene.proxy.intercept(answerWith(rejection()));
    assert.deepStrictEqual(await answered('available', view.isStoreAvailable), [false]);
  });
}

test('one value serves clients of several SDKs, each with items of its own', async (t) => {
  const scene = await anyScene(t);
  await scene.put(itemRow('segments', SEGMENT));
  const value = scene.value();
  const { store: eight } = viewOf(t, SDK_8, value);
  const { store: nine } = viewOf(t, SDK_9, value);
  const { store: alsoNine } = viewOf(t, SDK_9, value);
  const seven = promised(value({ logger: recordingLogger() }));
  const [inEight, inNine, inSeven] = [
    await eight.get(SEGMENTS, 's'),
    await nine.get(SEGMENTS, 's'),
    await seven.get(SEGMENTS, 's'),
  ];
  assert.ok(inEight.rules[0].clauses[0].attributeReference instanceof SDK_8.AttributeReference);
  assert.ok(inNine.rules[0].clauses[0].attributeReference instanceof SDK_9.AttributeReference);
  assert.deepStrictEqual(inSeven, SEGMENT);
  assert.strictEqual(await alsoNine.get(SEGMENTS, 's'), inNine);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1 });

  // What one of them writes the others see at once.
  await nine.upsert(SEGMENTS, { ...inNine, version: 2, excluded: [] });
  assert.strictEqual((await eight.get(SEGMENTS, 's')).version, 2);
  assert.deepStrictEqual(await seven.get(SEGMENTS, 's'), { ...SEGMENT, version: 2, excluded: [] });
  assert.deepStrictEqual(Object.keys(await seven.all(SEGMENTS)), ['s']);
  await seven.init({ features: {}, segments: {} });
  for (const store of [eight, nine, seven]) {
    assert.deepStrictEqual(await store.all(SEGMENTS), {});
    assert.strictEqual(await store.get(SEGMENTS, 's'), null);
  }
});

test('several copies of SDK 9, a linked one among them, have items of their own', async (t) => {
  const scene = await anyScene(t);
  await scene.put(itemRow('features', FLAG));
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'sdk-copies-')));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const packages = ['one', 'two'].map((name) => {
    const copy = path.join(folder, name, 'node_modules');
    fs.cpSync(INSTALLED, copy, { recursive: true });
    return path.join(copy, 'node-server-sdk-9');
  });
  const link = path.join(folder, 'linked');
  fs.symlinkSync(packages[1], link, 'junction');
  const value = scene.value();
  const sdks = [SDK_9, require(packages[0]), require(link)];
  for (const sdk of sdks) {
    const { store } = viewOf(t, sdk, value);
    const { attributeReference } = (await store.get(FEATURES, 'f')).rules[0].clauses[0];
    const owners = sdks.filter(({ AttributeReference }) => {
      return attributeReference instanceof AttributeReference;
    });
    assert.deepStrictEqual(owners, [sdk]);
  }
});

test('the option sdk says whose items they are', async (t) => {
  const scene = await anyScene(t);
  await scene.put(itemRow('features', FLAG));
  for (const sdk of [SDK_8, { default: SDK_8 }]) {
    const { store } = viewOf(t, SDK_9, scene.value({ sdk }));
    const { attributeReference } = (await store.get(FEATURES, 'f')).rules[0].clauses[0];
    assert.ok(attributeReference instanceof SDK_8.AttributeReference);
  }
  for (const sdk of [5, '9', {}, () => {}, { init: () => {} }]) {
    assert.throws(() => DynamoDBFeatureStore('my-table', { sdk }), {
      name: 'TypeError',
      message: /^sdk must be the module @launchdarkly\/node-server-sdk, version 8 or 9, not /,
    });
  }
});

test('an SDK that is not to be found is an error that names the option', () => {
  // As in a bundle, where nothing is a module of its own.
  const caller = (options) => `
    const { DynamoDBFeatureStore } = require(process.argv[1]);
    const context = { basicConfiguration: {}, platform: new Map() };
    DynamoDBFeatureStore('my-table', ${options})(context);`;
  const seen = (options) => {
    const args = ['-e', caller(options), path.join(__dirname, '../../..')];
    return spawnSync(process.execPath, args, { cwd: os.tmpdir(), encoding: 'utf8' }).stderr;
  };
  assert.match(seen('{}'), /^Error: .*can't be found.*option sdk/m);
  const wrapper = '{ sdk: { PersistentDataStoreWrapper: class {} } }';
  assert.match(seen(wrapper), /^Error: .*@launchdarkly\/node-server-sdk/m);
  for (const options of ['{}', wrapper]) assert.match(seen(options), /code: 'SDK_NOT_FOUND'/);
});
