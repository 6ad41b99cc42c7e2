'use strict';

/** What `syncFlags` brings into the table, and what it reports. */

const assert = require('node:assert');
const { test } = require('node:test');

const { syncFlags } = require('../..');
const { flagReferringTo, itemRow } = require('../support/data');
const { FLAGS, SEGMENTS } = require('../support/flags');
const { byKey, itemsInTable } = require('../faults/scene');
const { scenes } = require('../support/scene');
const { SDK_KEY, etagOf, startPollingServer } = require('./polling-server');

const newScene = scenes();
const v = (key, version, more = {}) => ({ key, version, ...more });
const COUNT = Object.keys(FLAGS).length + Object.keys(SEGMENTS).length;

/** Starts a scene and a server, and returns both and a function that syncs. */
async function setUp(t, data = { flags: FLAGS, segments: SEGMENTS }) {
  const scene = await newScene(t);
  const server = await startPollingServer(t, data);
  const sync = (options) => syncFlags(scene.table, syncOptions(scene, server, options));
  return { scene, server, sync };
}

function syncOptions(scene, { url }, options = {}) {
  const { readTimeout: _, ...others } = scene.options(options);
  return { sdkKey: SDK_KEY, baseUri: url, ...others };
}

async function assertTable(scene, { flags = {}, segments = {} }, prefix = '') {
  assert.deepStrictEqual(await itemsInTable(scene, `${prefix}features`), flags);
  assert.deepStrictEqual(await itemsInTable(scene, `${prefix}segments`), segments);
  assert.ok(await scene.row(`${prefix}$inited`, `${prefix}$inited`));
}

test('everything gets into an empty table, and only changes afterwards', async (t) => {
  const { scene, server, sync } = await setUp(t);
  const first = await sync();
  const etag = etagOf(server.data);
  assert.deepStrictEqual(first, {
    put: COUNT,
    deleted: 0,
    unchanged: 0,
    etag,
    notModified: false,
  });
  await assertTable(scene, server.data);
  assert.strictEqual(scene.proxy.rowsPut, COUNT + 1);

  scene.proxy.reset();
  assert.deepStrictEqual(await sync(), { ...first, put: 0, unchanged: COUNT });
  assert.deepStrictEqual(scene.proxy.requests, { Query: 2, GetItem: 1 });

  server.put('flags', { ...FLAGS.plain, version: 9 });
  const { number: _, ...flags } = server.data.flags;
  server.data = { ...server.data, flags };
  scene.proxy.reset();
  const third = await sync();
  assert.deepStrictEqual(third, {
    put: 1,
    deleted: 1,
    unchanged: COUNT - 2,
    etag: etagOf(server.data),
    notModified: false,
  });
  assert.deepStrictEqual([scene.proxy.rowsPut, scene.proxy.rowsDeleted], [1, 1]);
  await assertTable(scene, server.data);
  assert.deepStrictEqual(scene.logger.lines, []);
});

test('without newer data, one request goes to LaunchDarkly and none to DynamoDB', async (t) => {
  const { scene, server, sync } = await setUp(t);
  const { etag } = await sync();
  scene.proxy.reset();
  server.requests.length = 0;
  const again = await sync({ etag });
  assert.deepStrictEqual(again, { put: 0, deleted: 0, unchanged: 0, etag, notModified: true });
  assert.deepStrictEqual([server.requests.length, scene.proxy.requests], [1, {}]);
});

test('a prefix, a path in baseUri and the key of the environment are used', async (t) => {
  const { scene, server } = await setUp(t);
  server.instead = (request, response) => {
    const ok = request.url === '/a/b/sdk/latest-all' && request.headers.authorization === 'sdk-e';
    response.writeHead(ok ? 200 : 404).end(JSON.stringify(server.data));
  };
  process.env.LAUNCHDARKLY_SDK_KEY = 'sdk-e';
  t.after(() => delete process.env.LAUNCHDARKLY_SDK_KEY);
  const options = { ...syncOptions(scene, server, { prefix: 'p' }), sdkKey: undefined };
  const done = await syncFlags(scene.table, { ...options, baseUri: `${server.url}/a/b/` });
  assert.deepStrictEqual([done.put, done.etag], [COUNT, undefined]);
  await assertTable(scene, server.data, 'p:');
});

test('the text of an item stays as LaunchDarkly sent it', async (t) => {
  const { scene, server, sync } = await setUp(t);
  const text = '{ "key":"a","version":1,"n":1.0,"big":12345678901234567890,"s":"\\u00e9" }';
  server.instead = (_request, response) => response.end(`{"flags":{"a":${text}},"segments":{}}`);
  await sync();
  assert.strictEqual((await scene.row('features', 'a')).item.S, text);
});

test('data that is older as a whole is not written, unless that is allowed', async (t) => {
  const { scene, server, sync } = await setUp(t, { flags: byKey(v('a', 2), v('b', 5)) });
  await sync();
  const newer = server.data;
  server.data = { flags: byKey(v('a', 1), v('b', 5), v('c', 1)), segments: {} };
  scene.proxy.reset();
  server.requests.length = 0;
  await assert.rejects(sync(), (failure) => {
    assert.strictEqual(failure.code, 'OLDER_DATA');
    assert.match(failure.message, /newer versions of "a" in "features". Sync .* allowOlder/);
    return true;
  });
  assert.strictEqual(server.requests.length, 2);
  assert.strictEqual(scene.proxy.writes().length, 0);
  await assertTable(scene, newer);
  assert.strictEqual((await sync({ allowOlder: true })).put, 2);
  await assertTable(scene, server.data);
});

test('a row that is newer in the table stays when others are newer in the data', async (t) => {
  const { scene, sync } = await setUp(t, { flags: byKey(v('a', 2), v('b', 5)) });
  await scene.put(itemRow('features', v('a', 1)), itemRow('features', v('b', 6)));
  const { put, unchanged } = await sync();
  assert.deepStrictEqual([put, unchanged], [1, 1]);
  await assertTable(scene, { flags: byKey(v('a', 2), v('b', 6)) });
});

test('rows without a numeric version, and rows that nobody can read, are replaced', async (t) => {
  const flags = byKey(v('text', 2), v('none', 2), v('garbage', 2));
  const { scene, sync } = await setUp(t, { flags });
  const { version: _, ...none } = itemRow('features', v('none', 1));
  await scene.put({ ...itemRow('features', v('text', 1)), version: { S: '1' } }, none, {
    ...itemRow('features', v('garbage', 9)),
    item: { S: 'garbage' },
  });
  assert.strictEqual((await sync()).put, 3);
  await assertTable(scene, { flags });
});

test('rows of other prefixes and programs stay', async (t) => {
  const { scene, sync } = await setUp(t, { flags: byKey(v('a', 1)) });
  const others = [
    itemRow('p:features', v('a', 1)),
    itemRow('others', v('a', 1)),
    { namespace: { S: 'features' }, key: { S: '$cache' }, item: { B: 'AAAA' } },
    {
      namespace: { S: 'big_segments_user' },
      key: { S: 'hash' },
      included: { SS: ['s.g1'] },
    },
    {
      namespace: { S: 'big_segments_metadata' },
      key: { S: 'big_segments_metadata' },
      synchronizedOn: { N: '1' },
    },
  ];
  await scene.put(...others);
  const { put, deleted } = await sync();
  assert.deepStrictEqual([put, deleted], [1, 0]);
  assert.strictEqual((await scene.rows()).length, others.length + 2);
});

test('an environment without flags deletes none, unless that is allowed', async (t) => {
  const { scene, server, sync } = await setUp(t, { flags: byKey(v('a', 1)) });
  await sync();
  const { data } = server;
  server.data = { flags: {}, segments: {} };
  await assert.rejects(sync(), { code: 'NO_FLAGS' });
  await assertTable(scene, data);
  assert.strictEqual((await sync({ allowEmpty: true })).deleted, 1);
  await assertTable(scene, {});
});

test('a flag that is too large counts as a flag', async (t) => {
  const big = v('big', 2, { text: 'x'.repeat(410_000) });
  const { scene, sync } = await setUp(t, { flags: byKey(big) });
  await scene.put(itemRow('features', v('big', 1)));
  await assert.rejects(sync(), { code: 'TOO_LARGE' });
});

test('an environment without flags initialises an empty table', async (t) => {
  const { scene, sync } = await setUp(t, {});
  assert.strictEqual((await sync()).put, 0);
  await assertTable(scene, {});
});

test('a flag that is too large keeps no other out, and is an error', async (t) => {
  const big = v('big', 2, { text: 'x'.repeat(410_000) });
  const { scene, sync } = await setUp(t, { flags: byKey(v('a', 1), big) });
  await scene.put(itemRow('features', v('big', 1)));
  await assert.rejects(sync(), (failure) => {
    assert.strictEqual(failure.code, 'TOO_LARGE');
    assert.match(failure.message, /"big" in "features"/);
    return true;
  });
  await assertTable(scene, { flags: byKey(v('a', 1), v('big', 1)) });
});

test('a flag is written after what it refers to, and the marker last', async (t) => {
  const flags = byKey(
    flagReferringTo('a', { segments: ['s'], prerequisites: ['b'] }),
    flagReferringTo('b', { prerequisites: ['c'] }),
    flagReferringTo('c', {})
  );
  const { scene, sync } = await setUp(t, { flags, segments: byKey(v('s', 1)) });
  await sync();
  const order = scene.proxy.writes().map(({ key }) => key);
  assert.deepStrictEqual(order, ['s', 'c', 'b', 'a', '$inited']);
});

test('an option of a store that a sync has not is ignored with a warning', async (t) => {
  const { scene, sync } = await setUp(t, {});
  await sync({ cacheTTL: 5, baseURI: 'x' });
  const messages = scene.logger.lines.map(({ message }) => message.split(': ').pop());
  assert.deepStrictEqual(messages.sort(), [
    'the option baseURI is unknown and is ignored',
    'the option cacheTTL has no effect on a sync and is ignored',
  ]);
});
