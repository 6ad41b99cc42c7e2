'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const root = require('../../..');
const { hashOf, membershipRow, metadataRow } = require('../../support/big-segments');
const { childResult } = require('../../support/child');
const { FEATURES } = require('../../support/data');
const { answerWith, hang, rejection } = require('../../support/faults');
const { recordingLogger } = require('../../support/logger');
const { scenes } = require('../../support/scene');

const newScene = scenes();

const { DynamoDBBigSegmentStore } = root;
const HASH = hashOf('ada');
const TIME = 1_700_000_000_123;

test('it is exported by name, and can be made with new', async (t) => {
  const scene = await newScene(t);
  await scene.put(metadataRow(TIME));
  const store = new DynamoDBBigSegmentStore(scene.table, scene.bigSegmentOptions());
  t.after(() => store.close());
  assert.deepStrictEqual(await store.getMetadata(), { lastUpToDate: TIME });
});

for (const prefix of [undefined, '', 'production']) {
  for (const how of ['value', 'view']) {
    test(`the ${how} gives what is under the prefix ${prefix}`, async (t) => {
      const scene = await newScene(t);
      const value = scene.bigSegmentStore({ prefix });
      const store = how === 'value' ? value : value({ logger: recordingLogger() });
      assert.deepStrictEqual(await store.getMetadata(), { lastUpToDate: undefined });
      assert.strictEqual(await store.getUserMembership(HASH), null);
      const references = { included: ['a.g1', 'b.g2'], excluded: ['b.g2', 'Ünï.g1'] };
      await scene.put(
        metadataRow(TIME, prefix),
        metadataRow(1, 'another'),
        membershipRow(HASH, references, prefix),
        membershipRow(HASH, { included: ['no.g1'] }, 'another')
      );
      assert.deepStrictEqual(await store.getMetadata(), { lastUpToDate: TIME });
      const expected = { 'a.g1': true, 'b.g2': true, 'Ünï.g1': false };
      assert.deepStrictEqual({ ...(await store.getUserMembership(HASH)) }, expected);
      assert.strictEqual(await store.getUserMembership(hashOf('ben')), null);
      assert.deepStrictEqual(scene.logger.lines, []);
    });
  }
}

test('nothing is remembered, and reads are consistent where that is wanted', async (t) => {
  const scene = await newScene(t);
  const stores = [scene.bigSegmentStore(), scene.bigSegmentStore({ consistentRead: true })];
  for (const [index, store] of stores.entries()) {
    scene.proxy.reset();
    for (let i = 0; i < 3; i += 1) await store.getUserMembership(HASH);
    await store.getMetadata();
    assert.deepStrictEqual(scene.proxy.requests, { GetItem: 4 });
    const requested = scene.proxy.history.map(({ body }) => Boolean(body.ConsistentRead));
    assert.deepStrictEqual(new Set(requested), new Set([index === 1]));
  }
});

test('rows with other attributes than usual are read as far as that goes', async (t) => {
  const scene = await newScene(t);
  const store = scene.bigSegmentStore();
  const { synchronizedOn, ...metadata } = metadataRow(TIME);
  for (const odd of [{ S: String(synchronizedOn.N) }, { BOOL: true }, undefined]) {
    await scene.put({ ...metadata, ...(odd ? { synchronizedOn: odd } : {}) });
    assert.deepStrictEqual(await store.getMetadata(), { lastUpToDate: undefined });
  }
  const row = membershipRow(HASH, { excluded: ['a.g1'] });
  for (const odd of [{ L: [{ S: 'b.g1' }] }, { S: 'b.g1' }, { NS: ['1'] }, { NULL: true }]) {
    await scene.put({ ...row, included: odd });
    assert.deepStrictEqual({ ...(await store.getUserMembership(HASH)) }, { 'a.g1': false });
  }
  await scene.put(membershipRow(HASH, {}));
  assert.deepStrictEqual({ ...(await store.getUserMembership(HASH)) }, {});
});

test('a failure is rejected with what went wrong, and not logged besides', async (t) => {
  const scene = await newScene(t);
  const store = scene.bigSegmentStore({ readTimeout: 3 });
  const read = () => store.getMetadata();
  scene.proxy.intercept(answerWith(rejection()));
  await assert.rejects(read(), (failure) => {
    assert.ok(failure instanceof Error);
    assert.strictEqual(/** @type {any} */ (failure).code, 'REFUSED');
    const begin = `DynamoDBBigSegmentStore [REFUSED] table "${scene.table}" in `;
    assert.ok(failure.message.startsWith(begin), failure.message);
    assert.ok(failure.message.includes(': reading the metadata of big'), failure.message);
    return true;
  });
  scene.proxy.intercept(hang());
  await assert.rejects(store.getUserMembership(HASH), { code: 'TIMED_OUT' });
  scene.proxy.intercept(undefined);
  assert.deepStrictEqual(await read(), { lastUpToDate: undefined });
  const missing = DynamoDBBigSegmentStore('no-such-table', scene.bigSegmentOptions());
  t.after(() => missing.close());
  await assert.rejects(missing.getMetadata(), { code: 'TABLE_NOT_FOUND' });
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('what is no hash is refused without asking', async (t) => {
  const scene = await newScene(t);
  const store = scene.bigSegmentStore();
  for (const hash of ['', 'h'.repeat(1025), undefined, null, 5, {}]) {
    await assert.rejects(store.getUserMembership(hash), { code: 'INVALID_DATA' }, String(hash));
  }
  assert.deepStrictEqual(scene.proxy.requests, {});
});

test('a closed view is refused; the value begins anew', async (t) => {
  const scene = await newScene(t);
  const value = scene.bigSegmentStore();
  const [one, other] = [value({}), value({})];
  one.close();
  one.close();
  await assert.rejects(one.getMetadata(), { code: 'CLOSED' });
  assert.deepStrictEqual(await other.getMetadata(), { lastUpToDate: undefined });
  other.close();
  await assert.rejects(other.getUserMembership(HASH), { code: 'CLOSED' });
  assert.deepStrictEqual(await value({}).getMetadata(), { lastUpToDate: undefined });
});

test('a call that is under way when the store is closed is answered', async (t) => {
  const scene = await newScene(t);
  const store = scene.bigSegmentStore();
  const reads = [store.getMetadata(), store.getUserMembership(HASH)];
  store.close();
  assert.deepStrictEqual(await Promise.all(reads), [{ lastUpToDate: undefined }, null]);
});

test('options are checked as those of the feature store', () => {
  assert.throws(
    () => DynamoDBBigSegmentStore(/** @type {any} */ (undefined)),
    /^TypeError: tableName/
  );
  for (const [name, value] of Object.entries({ prefix: 5, clientOptions: 5, readTimeout: 0 })) {
    const options = /** @type {any} */ ({ [name]: value });
    assert.throws(() => DynamoDBBigSegmentStore('my-table', options), {
      name: 'TypeError',
      message: new RegExp(`^${name} must be `),
    });
  }
  const logger = recordingLogger();
  const options = /** @type {any} */ ({ cacheTTL: 5, preload: true, hush: 1, logger });
  DynamoDBBigSegmentStore('my-table', options);
  assert.deepStrictEqual(
    logger.lines.map(({ level, message }) => [level, message]),
    [
      'cacheTTL has no effect on big segments and is ignored',
      'preload has no effect on big segments and is ignored',
      'hush is unknown and is ignored',
    ].map((what) => [
      'warn',
      `DynamoDBBigSegmentStore [OPTION_IGNORED] table "my-table" in ${process.env.AWS_REGION}: the option ${what}`,
    ])
  );
});

test('a process that has read ends by itself, closed or not', async (t) => {
  const scene = await newScene(t);
  await scene.put(metadataRow(TIME));
  for (const closes of [true, false]) {
    const input = { table: scene.table, endpoint: scene.proxy.endpoint, closes };
    assert.deepStrictEqual(await childResult('big-segments.js', input), { lastUpToDate: TIME });
  }
});

test('both stores live side by side on one table', async (t) => {
  const scene = await newScene(t);
  await scene.put(metadataRow(TIME), membershipRow(HASH, { included: ['a.g1'] }));
  const features = scene.open();
  await features.init({ features: { a: { key: 'a', version: 1 } }, segments: {} });
  assert.deepStrictEqual(Object.keys(await features.all(FEATURES)), ['a']);
  assert.deepStrictEqual(await scene.bigSegmentStore().getMetadata(), { lastUpToDate: TIME });
});
