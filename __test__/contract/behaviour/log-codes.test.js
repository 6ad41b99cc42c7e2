'use strict';

/** Each line and error names the store, a code, the table and where it is; advice comes once in an outage. */

const assert = require('node:assert');
const { test } = require('node:test');

const { DynamoDBFeatureStore } = require('../../..');
const { FEATURES, itemRow } = require('../../support/data');
const { answerWith, failure } = require('../../support/faults');
const { recordingLogger } = require('../../support/logger');
const { scenes } = require('../../support/scene');
const { IMPATIENT, promised, waitFor } = require('../../support/wait');

const newScene = scenes();

const DENIED = answerWith(failure(400, 'AccessDeniedException'));
const ADVICE = 'Allow dynamodb:GetItem';
const FLAGS = ['a', 'b', 'c'];

/** How each line of a scene's stores begins. */
const beginning = (scene, code) =>
  `DynamoDBFeatureStore [${code}] table "${scene.table}" in eu-west-1 at ${scene.proxy.endpoint}: `;

const messages = ({ logger }) => logger.lines.splice(0).map(({ message }) => message);

test('lines of native code and of JavaScript begin alike', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', { key: 'odd', version: 1 }, { item: { S: '5' } }));
  const store = scene.open({ hush: 1, cacheTTL: 0.01 });
  await store.get(FEATURES, 'odd');
  await store.get(FEATURES, '');
  scene.proxy.intercept(DENIED);
  await store.get(FEATURES, 'a');
  scene.proxy.intercept();
  await waitFor(async () => {
    await store.get(FEATURES, 'a');
    return scene.logger.linesWith('works again').length > 0;
  }, 'reads to work again');
  await store.upsert(FEATURES, { key: 'large', version: 1, text: 'x'.repeat(500_000) });
  const lines = messages(scene);
  const codes = [
    'OPTION_IGNORED',
    'UNREADABLE_ITEM',
    'INVALID_DATA',
    'ACCESS_DENIED',
    'RECOVERED',
    'TOO_LARGE',
  ];
  assert.strictEqual(lines.length, codes.length, lines.join('\n'));
  for (const [i, code] of codes.entries()) {
    assert.ok(lines[i].startsWith(beginning(scene, code)), lines[i]);
  }
});

test('advice comes with the first line of an outage of reads, and again in the next', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ cacheTTL: 0.01 });
  for (let outage = 0; outage < 2; outage += 1) {
    scene.proxy.intercept(DENIED);
    for (const key of FLAGS) assert.strictEqual(await store.get(FEATURES, key), null);
    const lines = messages(scene);
    assert.strictEqual(lines.length, FLAGS.length, lines.join('\n'));
    for (const [i, line] of lines.entries()) {
      assert.ok(line.startsWith(beginning(scene, 'ACCESS_DENIED')), line);
      assert.ok(line.includes(`"${FLAGS[i]}" in "features"`), line);
      assert.strictEqual(line.includes(ADVICE), i === 0, line);
    }
    scene.proxy.intercept();
    await waitFor(async () => {
      await store.get(FEATURES, 'other');
      return scene.logger.linesWith('[RECOVERED]').length > 0;
    }, 'reads to work again');
    messages(scene);
  }
});

test('a new cause in an outage is a line with its own advice', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ ...IMPATIENT, cacheTTL: 0 });
  scene.proxy.intercept(DENIED);
  await store.get(FEATURES, 'a');
  messages(scene);
  scene.proxy.intercept(answerWith(failure(400, 'UnrecognizedClientException')));
  await waitFor(async () => {
    await store.get(FEATURES, 'a');
    return scene.logger.lines.length > 0;
  }, 'the new cause');
  await store.get(FEATURES, 'a');
  const lines = messages(scene);
  assert.strictEqual(lines.length, 1, lines.join('\n'));
  assert.ok(lines[0].startsWith(beginning(scene, 'BAD_CREDENTIALS')), lines[0]);
  assert.ok(lines[0].includes('Check the credentials'), lines[0]);
});

test('errors of big segments say what to do once in an outage', async (t) => {
  const scene = await newScene(t);
  const store = scene.bigSegmentStore();
  const { proxy, table } = scene;
  const failed = async () => {
    /** @type {any} */
    const error = await store.getMetadata().then(assert.fail, (thrown) => thrown);
    assert.strictEqual(error.code, 'ACCESS_DENIED');
    const place = `table "${table}" in eu-west-1 at ${proxy.endpoint}: `;
    assert.ok(error.message.startsWith(`DynamoDBBigSegmentStore [ACCESS_DENIED] ${place}`), error);
    return error.message.includes(ADVICE);
  };
  for (let outage = 0; outage < 2; outage += 1) {
    proxy.intercept(DENIED);
    assert.deepStrictEqual([await failed(), await failed()], [true, false]);
    proxy.intercept();
    await store.getMetadata();
  }
});

test('the place is what is known: from the options, the environment, or a client', async (t) => {
  const placeOf = async (options, requests = 1) => {
    const logger = recordingLogger();
    const value = DynamoDBFeatureStore('flags', { ...IMPATIENT, ...options, logger });
    t.after(() => value.close());
    const store = promised(value);
    for (let i = 0; i < requests; i += 1) await store.get(FEATURES, `flag-${i}`);
    const { message } = logger.lines[logger.lines.length - 1];
    return /^DynamoDBFeatureStore \[[A-Z_]+\] table "flags"(.*?): /.exec(message)?.[1];
  };
  const endpoint = 'http://127.0.0.1:1';
  assert.strictEqual(
    await placeOf({ clientOptions: { endpoint } }),
    ` in eu-west-1 at ${endpoint}`
  );
  const there = { endpoint: `http://me:hush@127.0.0.1:1/path`, region: async () => 'us-east-2' };
  assert.strictEqual(await placeOf({ clientOptions: there }), ` in us-east-2 at ${endpoint}`);
  const send = async () => {
    throw new Error('no');
  };
  const getItem = (_params, done) => done(new Error('no'));
  for (const [dynamoDBClient, place] of [
    [{ send, config: { region: async () => 'us-east-2' } }, ' in us-east-2'],
    [{ getItem, config: { region: 'us-east-2' } }, ' in us-east-2'],
    [{ get: getItem, service: { config: { region: 'us-east-2' } } }, ' in us-east-2'],
    [{ getItem, config: { region: 'no\nregion' } }, ''],
    [{ send, config: { region: () => Promise.reject(new Error('none')) } }, ''],
    [{ getItem }, ''],
  ]) {
    assert.strictEqual(await placeOf({ dynamoDBClient }, 3), place);
  }
});

test('errors have codes', async (t) => {
  const scene = await newScene(t);
  assert.throws(() => DynamoDBFeatureStore(''), { name: 'TypeError', code: 'INVALID_OPTION' });
  const closed = scene.bigSegmentStore()({});
  await closed.close();
  await assert.rejects(closed.getMetadata(), { code: 'CLOSED' });
});
