'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const root = require('../../..');
const { childResult } = require('../../support/child');
const { FEATURES, itemRow, markerRow } = require('../../support/data');
const { answerWith, rejection } = require('../../support/faults');
const { recordingLogger } = require('../../support/logger');
const { scenes } = require('../../support/scene');
const { promised } = require('../../support/wait');

const newScene = scenes();

const flag = { key: 'a', version: 1, on: true };
const METHODS = ['get', 'all', 'init', 'upsert', 'delete', 'initialized', 'close'];

test('the package is callable, and has the function by name and as default', async () => {
  assert.strictEqual(typeof root, 'function');
  assert.strictEqual(root.DynamoDBFeatureStore, root);
  assert.strictEqual(root.default, root);
  assert.strictEqual(typeof root('my-table').get, 'function');
  // The stores of some packages are classes.
  assert.strictEqual(typeof new root.DynamoDBFeatureStore('my-table')().get, 'function');
  const segments = new root.DynamoDBBigSegmentStore('my-table');
  assert.strictEqual(typeof segments().getMetadata, 'function');
});

test('ES modules can import it by name and as default', async () => {
  assert.deepStrictEqual(await childResult('esm-import.mjs', {}), {
    isSame: true,
    type: 'function',
  });
});

for (const how of ['value', 'view']) {
  test(`the ${how} has all that an SDK asks of a store`, async (t) => {
    const scene = await newScene(t);
    const store = how === 'value' ? scene.value() : scene.value()();
    for (const method of METHODS) assert.strictEqual(typeof store[method], 'function', method);
    assert.strictEqual(store.description, 'DynamoDB');
    assert.strictEqual(store.getDescription(), 'DynamoDB');
  });

  test(`the methods of the ${how} work without their object`, async (t) => {
    const scene = await newScene(t);
    const store = how === 'value' ? scene.value() : scene.value()();
    const detached = METHODS.map((name) => [name, store[name].bind(undefined)]);
    const { init, upsert, get, all, initialized, close, ...rest } = promised(
      Object.fromEntries(detached)
    );
    await init({ features: { a: flag } });
    await upsert(FEATURES, { key: 'b', version: 1 });
    await rest.delete(FEATURES, 'b', 2);
    assert.deepStrictEqual(await get(FEATURES, 'a'), flag);
    assert.deepStrictEqual(await all(FEATURES), { a: flag });
    assert.strictEqual(await initialized(), true);
    assert.strictEqual(await close(), undefined);
  });
}

test('the value is a plain function that an SDK takes for an object as well', async (t) => {
  const scene = await newScene(t);
  const value = scene.value();
  assert.strictEqual(typeof value, 'function');
  assert.ok(value instanceof Object);
  assert.strictEqual(typeof value().get, 'function');
  assert.notStrictEqual(value(), value());
});

for (const config of [undefined, null, {}, { logger: undefined }, { logger: null }]) {
  test(`called with ${JSON.stringify(config)} it gives a view that works`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', flag));
    const view = promised(scene.value()(config));
    assert.deepStrictEqual(await view.get(FEATURES, 'a'), flag);
  });
}

/** Has a store log a line. */
async function provokeLine(scene, store) {
  scene.proxy.intercept(answerWith(rejection(), 'GetItem'));
  await promised(store).get(FEATURES, 'a');
}

test("a view logs to the logger of the client's configuration", async (t) => {
  const scene = await newScene(t);
  const logger = recordingLogger();
  const value = scene.value({ logger: undefined });
  await provokeLine(scene, value({ logger }));
  assert.strictEqual(logger.linesWith(scene.table).length, 1);
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('the option logger comes before that of the configuration', async (t) => {
  const scene = await newScene(t);
  const logger = recordingLogger();
  await provokeLine(scene, scene.value()({ logger }));
  assert.strictEqual(scene.logger.linesWith(scene.table).length, 1);
  assert.deepStrictEqual(logger.lines, []);
});

test('lines that come before a logger is known wait for it', async (t) => {
  const scene = await newScene(t);
  const consoleWarn = t.mock.method(console, 'warn', () => {});
  const logger = recordingLogger();
  const value = scene.value({ logger: undefined, nonsense: 1 });
  value({ logger });
  assert.strictEqual(logger.linesWith('nonsense').length, 1);
  assert.strictEqual(consoleWarn.mock.callCount(), 0);
});

for (const how of ['value', 'view']) {
  test(`the ${how} logs to the console where there is no logger`, async (t) => {
    const scene = await newScene(t);
    const consoleError = t.mock.method(console, 'error', () => {});
    const value = scene.value({ logger: undefined });
    await provokeLine(scene, how === 'value' ? value : value());
    assert.strictEqual(consoleError.mock.callCount(), 1);
    const [line] = consoleError.mock.calls[0].arguments;
    assert.match(line, /^error: \[LaunchDarkly\] /);
    assert.ok(line.includes(scene.table));
  });
}

test('a logger that throws does not disturb the store', async (t) => {
  const scene = await newScene(t);
  const consoleError = t.mock.method(console, 'error', () => {});
  const bad = () => {
    throw new Error('the logger is broken');
  };
  const store = scene.value({ logger: { error: bad, warn: bad } });
  await provokeLine(scene, store);
  assert.strictEqual(consoleError.mock.callCount(), 1);
  scene.proxy.reset();
  assert.strictEqual(await promised(store).get(FEATURES, 'a'), null);
});

test('all views of a value share its cache', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag), markerRow());
  const value = scene.value();
  const views = [value, value(), value({ logger: recordingLogger() })].map(promised);
  for (const view of views) {
    assert.deepStrictEqual(await view.get(FEATURES, 'a'), flag);
    assert.deepStrictEqual(await view.all(FEATURES), { a: flag });
    assert.strictEqual(await view.initialized(), true);
  }
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 2, Query: 1 });
});

test('values share nothing', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  await scene.open().get(FEATURES, 'a');
  await scene.open().get(FEATURES, 'a');
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 2 });
});

test('closing one view leaves the others open', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const value = scene.value();
  const [first, second] = [value(), value()].map(promised);
  await first.get(FEATURES, 'a');
  first.close();
  first.close();
  assert.deepStrictEqual(await second.get(FEATURES, 'a'), flag);
  assert.deepStrictEqual(scene.proxy.requests, { GetItem: 1 });
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('a closed view answers at once, and says that it is closed', async (t) => {
  const scene = await newScene(t);
  const view = promised(scene.value()());
  view.close();
  assert.strictEqual(await view.get(FEATURES, 'a'), null);
  assert.strictEqual(await view.all(FEATURES), null);
  assert.strictEqual(await view.initialized(), false);
  await view.init({ features: {} });
  await view.upsert(FEATURES, flag);
  await view.delete(FEATURES, 'a', 1);
  assert.strictEqual(scene.logger.linesWith('closed').length, 6);
  assert.deepStrictEqual(scene.proxy.requests, {});
});

test('a value that was closed begins anew when it is used again', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const value = scene.value();
  for (let i = 1; i <= 3; i += 1) {
    const store = promised(i === 2 ? value() : value);
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), flag);
    assert.deepStrictEqual(scene.proxy.requests, { GetItem: i });
    value.close();
  }
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('after its last view was closed a value begins anew', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', flag));
  const value = scene.value();
  for (let i = 1; i <= 2; i += 1) {
    const views = [value(), value()];
    for (const view of views) {
      assert.deepStrictEqual(await promised(view).get(FEATURES, 'a'), flag);
    }
    for (const view of views) view.close();
    assert.deepStrictEqual(scene.proxy.requests, { GetItem: i });
  }
});

test('closing the value closes its views', async (t) => {
  const scene = await newScene(t);
  const value = scene.value();
  const view = promised(value());
  value.close();
  assert.strictEqual(await view.get(FEATURES, 'a'), null);
  assert.strictEqual(scene.logger.linesWith('closed').length, 1);
});
