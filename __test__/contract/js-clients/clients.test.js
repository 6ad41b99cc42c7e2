'use strict';

/** Clients of the AWS SDKs that the application made itself. */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, SEGMENTS, itemRow } = require('../../support/data');
const { answerWith, failure } = require('../../support/faults');
const { scenes } = require('../../support/scene');
const { promised } = require('../../support/wait');
const { CLIENTS, destroy } = require('./clients');

const newScene = scenes();
const v = (key, version, more = {}) => ({ key, version, ...more });
const OPERATIONS = ['GetItem', 'Query', 'PutItem', 'BatchWriteItem'];

for (const [kind, create] of Object.entries(CLIENTS)) {
  /** A scene, and a store in it that has a client of this kind. */
  async function storeWithClient(t, options = {}) {
    const scene = await newScene(t);
    const client = create(scene.proxy.endpoint);
    t.after(() => destroy(client));
    const value = scene.value({ ...options, dynamoDBClient: client });
    return { scene, client, value, store: promised(value) };
  }

  test(`${kind}: reads and writes what the store's own client does`, async (t) => {
    const { scene, store } = await storeWithClient(t, { cacheTTL: 0, prefix: 'p' });
    const flags = { a: v('a', 1), b: v('b', 2) };
    await store.init({ features: flags, segments: { s: v('s', 1) } });
    assert.deepStrictEqual(await store.all(FEATURES), flags);
    assert.deepStrictEqual(await store.get(SEGMENTS, 's'), v('s', 1));
    assert.strictEqual(await store.get(FEATURES, 'unknown'), null);
    assert.strictEqual(await store.initialized(), true);
    await store.upsert(FEATURES, v('a', 3));
    await store.upsert(FEATURES, v('a', 2));
    await store.delete(FEATURES, 'b', 3);
    assert.deepStrictEqual(await store.all(FEATURES), { a: v('a', 3) });
    assert.deepStrictEqual(await scene.row('p:features', 'a'), itemRow('p:features', v('a', 3)));
    await store.init({ features: { c: v('c', 1) }, segments: {} });
    assert.deepStrictEqual(await store.all(FEATURES), { c: v('c', 1) });
    assert.deepStrictEqual(scene.logger.lines, []);
    const { requests, errors, readUnits, writeUnits } = store.stats();
    assert.deepStrictEqual(
      OPERATIONS.map((name) => requests[name]),
      OPERATIONS.map((name) => scene.proxy.count(name))
    );
    assert.strictEqual(errors, 0);
    assert.ok(readUnits > 0 && writeUnits > 0);
  });

  test(`${kind}: reads every page and whatever lies in the rows`, async (t) => {
    const { scene, store } = await storeWithClient(t);
    const items = Array.from({ length: 12 }, (_, i) =>
      v(`k${i}`, 1, { text: 'x'.repeat(200_000) })
    );
    await scene.put(...items.map((item) => itemRow('features', item)));
    await scene.put(
      itemRow('features', v('binary', 1), { item: { B: 'AAEC' } }),
      itemRow('features', v('deleted', 1), { item: { S: 'null' }, deleted: { BOOL: true } }),
      itemRow('features', v('number', 1), { item: { N: '5' } }),
      itemRow('features', v('map', 1), { item: { M: {} } }),
      itemRow('features', v('no-version', 1), { version: undefined })
    );
    const all = await store.all(FEATURES);
    assert.deepStrictEqual(Object.keys(all).length, items.length + 1);
    assert.deepStrictEqual(all.k7, items[7]);
    assert.deepStrictEqual(all['no-version'], v('no-version', 1));
    assert.ok(scene.proxy.count('Query') > 1);
    for (const key of ['number', 'map']) {
      assert.strictEqual(scene.logger.linesWith(`"${key}"`, 'not a string').length, 1, key);
    }
  });

  test(`${kind}: a failure is one line that says what to do`, async (t) => {
    const { scene, store } = await storeWithClient(t);
    scene.proxy.intercept(answerWith(failure(400, 'AccessDeniedException')));
    assert.strictEqual(await store.get(FEATURES, 'a'), null);
    assert.strictEqual(scene.logger.lines.length, 1);
    const [{ level, message }] = scene.logger.lines;
    assert.strictEqual(level, 'error');
    assert.ok(message.includes('AccessDenied') && message.includes('Allow'), message);
    const beginning = `DynamoDBFeatureStore [ACCESS_DENIED] table "${scene.table}" in eu-west-1: `;
    assert.ok(message.startsWith(beginning), message);
    scene.proxy.intercept();
  });

  test(`${kind}: is never closed`, async (t) => {
    const { scene, client, value, store } = await storeWithClient(t);
    await store.init({ features: { a: v('a', 1) } });
    value.close();
    const again = scene.open({ dynamoDBClient: client });
    assert.deepStrictEqual(await again.get(FEATURES, 'a'), v('a', 1));
  });
}
