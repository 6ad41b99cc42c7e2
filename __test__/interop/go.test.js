'use strict';

/**
 * One table, used by this store and by LaunchDarkly's SDK for Go, whose data model is the Relay Proxy's, too.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { flag } = require('../../demo/flag');
const { FEATURES, SEGMENTS, itemRow } = require('../support/data');
const { DEFAULT } = require('../support/flags');
const { sdkNamed } = require('../support/sdks');
const { testWith } = require('./cases');
const { GO } = require('./peer');

const CURRENT_SDKS = ['launchdarkly-node-server-sdk-7', 'node-server-sdk-9'].map(sdkNamed);
/** More than JavaScript's numbers can tell from the version before it. */
const LONG_VERSION = '9007199254740993';

testWith(GO, ({ newTable, newPeer, newStage }) => {
  test('a tombstone is a whole flag or segment with a key of its own', async (t) => {
    const { scene, ours, other } = await newTable(t);
    await ours.init({
      features: { f: flag('f'), live: await other.flag('live') },
      segments: { s: { key: 's', version: 1 } },
    });
    await other.delete('features', 'f', 2);
    await other.delete('segments', 's', 2);
    for (const [namespace, key] of [
      ['features', 'f'],
      ['segments', 's'],
    ]) {
      const row = await scene.row(namespace, key);
      const item = JSON.parse(row.item.S);
      assert.deepStrictEqual([item.key, item.version, item.deleted], ['$deleted', 2, true]);
      assert.ok(Object.keys(item).length > 3);
      assert.deepStrictEqual(row.version, { N: '2' });
    }
    for (const store of [ours, scene.open({ preload: true })]) {
      assert.deepStrictEqual(await store.all(FEATURES), { live: await other.flag('live') });
      assert.deepStrictEqual(await store.all(SEGMENTS), {});
      assert.strictEqual(await store.get(FEATURES, 'f'), null);
      assert.strictEqual(await store.get(FEATURES, '$deleted'), null);
    }
    await ours.upsert(FEATURES, flag('f', { version: 2 }));
    assert.strictEqual(await ours.get(FEATURES, 'f'), null);
    await ours.upsert(FEATURES, await other.flag('f', { version: 3 }));
    const again = await other.flag('f', { version: 3 });
    assert.deepStrictEqual(await other.get('features', 'f'), again);
  });

  test('of versions beyond 2^53 the newest wins, too', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const row = itemRow('features', flag('f', { version: 'long', salt: 'by hand' }));
    const item = { S: row.item.S.replace('"long"', LONG_VERSION) };
    await scene.put({ ...row, version: { N: LONG_VERSION }, item });
    const steps = [
      ['ours', 2 ** 53, 'by hand'],
      ['theirs', 2 ** 53, 'by hand'],
      ['ours', 2 ** 53 + 2, 'ours'],
      ['theirs', 2 ** 53 + 4, 'theirs'],
    ];
    for (const [writer, version, expected] of steps) {
      const written = flag('f', { version, salt: writer });
      if (writer === 'ours') await ours.upsert(FEATURES, written);
      else await other.upsert('features', written);
      assert.strictEqual((await ours.get(FEATURES, 'f')).salt, expected);
      assert.strictEqual((await other.get('features', 'f')).salt, expected);
    }
  });

  for (const sdk of CURRENT_SDKS) {
    test(`${sdk.title}: what Go writes for empty sets matches nobody`, async (t) => {
      const stage = await newStage(t, sdk);
      const other = await newPeer(t, stage.scene);
      const inSegment = (key, segment) =>
        flag(key, {
          rules: [
            { variation: 1, clauses: [{ attribute: '', op: 'segmentMatch', values: [segment] }] },
          ],
        });
      const empty = { version: 1, salt: 's', rules: [] };
      await other.init({
        features: {
          targets: flag('targets', {
            targets: [{ variation: 1, values: [] }],
            contextTargets: [{ contextKind: 'organisation', variation: 1, values: [] }],
          }),
          clause: flag('clause', {
            rules: [{ variation: 1, clauses: [{ attribute: 'key', op: 'in', values: [] }] }],
          }),
          lists: inSegment('lists', 'lists'),
          nothing: inSegment('nothing', 'nothing'),
        },
        segments: {
          lists: { key: 'lists', ...empty, included: [], excluded: [], includedContexts: [] },
          nothing: { key: 'nothing', ...empty },
        },
      });
      const client = await stage.daemonClient();
      for (const key of ['targets', 'clause', 'lists', 'nothing']) {
        const context = stage.subject('ada');
        const { value, reason } = await client.variationDetail(key, context, DEFAULT);
        const theirs = await other.evaluate(key, context, DEFAULT);
        assert.deepStrictEqual([value, reason.kind], [true, 'FALLTHROUGH'], key);
        assert.deepStrictEqual([theirs[0], theirs[1].kind], [true, 'FALLTHROUGH'], key);
      }
    });
  }
});
