'use strict';

/** Syncs while DynamoDB fails, that are killed, and that run at the same time. */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { test } = require('node:test');

const { syncFlags } = require('../..');
const { byKey, faultScenes, itemsInTable } = require('../faults/scene');
const { watch } = require('../faults/watch');
const { flagReferringTo } = require('../support/data');
const { AWS_ENVIRONMENT } = require('../support/environment');
const { holdBack } = require('../support/faults');
const { flag } = require('../support/flags');
const { scenes } = require('../support/scene');
const { SDKS } = require('../support/sdks');
const { stages } = require('../support/stage');
const { gate, waitFor } = require('../support/wait');
const { SDK_KEY, startPollingServer } = require('./polling-server');

const newFaultScene = faultScenes();
const newScene = scenes();
const newStage = stages();
const v = (key, version, more = {}) => ({ key, version, ...more });
const FLAGS = 150;

/** Flags that refer to segments and to each other. */
function dataSet(version) {
  const segments = Array.from({ length: 30 }, (_, i) => v(`segment-${i}`, version));
  const flags = Array.from({ length: FLAGS }, (_, i) =>
    flagReferringTo(`flag-${i}`, {
      segments: [`segment-${i % 30}`],
      prerequisites: i > 0 ? [`flag-${Math.floor((i - 1) / 2)}`] : [],
      version,
    })
  );
  return { flags: byKey(...flags), segments: byKey(...segments) };
}

function optionsFor(scene, server, more = {}) {
  const { cacheTTL: _, readTimeout: __, ...others } = scene.options(more);
  return { sdkKey: SDK_KEY, baseUri: server.url, ...others };
}

async function assertTable(scene, { flags = {}, segments = {} }) {
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), flags);
  assert.deepStrictEqual(await itemsInTable(scene, 'segments'), segments);
  assert.ok(await scene.row('$inited', '$inited'));
}

for (const [what, rules] of Object.entries({
  'while all goes well': [],
  'while much is throttled': [{ fault: 'throttle', rate: 0.3 }],
  'while connections are reset': [{ fault: 'reset', rate: 0.2 }],
  'while answers are lost': [{ fault: 'lost', rate: 0.2 }],
})) {
  test(`everything gets in, and no flag is seen before what it refers to, ${what}`, async (t) => {
    const scene = await newFaultScene(t);
    const data = dataSet(2);
    const server = await startPollingServer(t, data);
    await scene.proxy.set(rules);
    const ended = watch(scene, { whole: Object.keys(data.flags) });
    const { put, unchanged } = await syncFlags(scene.table, optionsFor(scene, server));
    const { looks, faults } = await ended();
    assert.ok(looks > 0);
    assert.deepStrictEqual(faults, []);
    assert.deepStrictEqual([put, unchanged], [FLAGS + 30, 0]);
    await assertTable(scene, data);
    assert.deepStrictEqual(scene.logger.lines, []);
  });
}

const FAILURES = {
  THROTTLED: [{ fault: 'throttle' }, /Raise the table's capacity/],
  UNAVAILABLE: [{ fault: 'reset' }, /Check the network path/],
  ACCESS_DENIED: [{ fault: 'denied' }, /Allow dynamodb:GetItem/],
  TIMED_OUT: [{ fault: 'hang' }, /did not answer in time/],
};

for (const [code, [fault, advice]] of Object.entries(FAILURES)) {
  test(`${code}: the error says how far the sync came, and the next one goes on`, async (t) => {
    const scene = await newFaultScene(t);
    const data = dataSet(1);
    const server = await startPollingServer(t, data);
    // The first half of the flags is written, which the others refer to.
    await scene.proxy.set([{ ...fault, operations: ['PutItem'], containing: '"flag-149"' }]);
    const impatient = optionsFor(scene, server, { writeTimeout: 2 });
    await assert.rejects(syncFlags(scene.table, impatient), (failure) => {
      assert.strictEqual(failure.code, code, failure.message);
      const [, done, total] =
        /: (\d+) of (\d+) rows were written, then/.exec(failure.message) || [];
      assert.ok(Number(done) > 30 && Number(done) < FLAGS + 30, failure.message);
      assert.strictEqual(Number(total), FLAGS + 31);
      assert.match(failure.message, /Sync again to write the rest/);
      assert.match(failure.message, advice);
      return true;
    });
    assert.strictEqual(await scene.row('$inited', '$inited'), undefined);
    const before = (await scene.rows()).length;
    await scene.proxy.set([]);
    const { put, unchanged } = await syncFlags(scene.table, optionsFor(scene, server));
    assert.deepStrictEqual([put, unchanged], [FLAGS + 30 - before, before]);
    await assertTable(scene, data);
  });
}

test('a table that can not be read is an error, and nothing is written', async (t) => {
  const scene = await newFaultScene(t);
  const server = await startPollingServer(t, dataSet(1));
  await scene.proxy.set([{ fault: 'denied', operations: ['Query'] }]);
  await assert.rejects(syncFlags(scene.table, optionsFor(scene, server)), {
    code: 'ACCESS_DENIED',
    message: /: reading the table failed: /,
  });
  assert.deepStrictEqual(await scene.rows(), []);
});

test('a sync that is killed leaves no flag without what it refers to; the next completes it', async (t) => {
  const data = dataSet(1);
  const server = await startPollingServer(t, data);
  for (const rows of [5, 45, 120]) {
    const scene = await newFaultScene(t);
    const ended = watch(scene, { whole: Object.keys(data.flags) });
    // It can't come to its end before it is killed.
    await scene.proxy.set([{ delay: 20, operations: ['PutItem'] }]);
    const options = { sdkKey: SDK_KEY, baseUri: server.url };
    const clientOptions = { endpoint: scene.proxy.endpoint };
    const script = require.resolve('./children/sync');
    const input = JSON.stringify({ table: scene.table, options: { ...options, clientOptions } });
    const env = { ...process.env, ...AWS_ENVIRONMENT, NODE_TEST_CONTEXT: undefined };
    const child = spawn(process.execPath, [script, input], { env, stdio: 'ignore' });
    await waitFor(async () => (await scene.rows()).length >= rows, `${rows} rows`);
    child.kill('SIGKILL');
    const [code, signal] = await once(child, 'close');
    assert.deepStrictEqual([code, signal], [null, 'SIGKILL']);
    assert.strictEqual(await scene.row('$inited', '$inited'), undefined);
    await scene.proxy.set([]);
    await syncFlags(scene.table, optionsFor(scene, server));
    assert.deepStrictEqual((await ended()).faults, []);
    await assertTable(scene, data);
  }
});

test('two syncs at once end with the newer data, whichever comes last', async (t) => {
  const older = { flags: byKey(v('a', 1), v('b', 1), v('old', 1)), segments: byKey(v('s', 1)) };
  const newer = { flags: byKey(v('a', 2), v('b', 2), v('new', 1)), segments: byKey(v('s', 2)) };
  for (const [operation, call] of [
    ['Query', 1],
    ['PutItem', 1],
    ['PutItem', 3],
    ['BatchWriteItem', 1],
  ]) {
    const scene = await newScene(t);
    const server = await startPollingServer(t, older);
    const waiting = gate();
    const held = gate();
    scene.proxy.intercept(async (request, forward) => {
      if (request.operation !== operation || request.call !== call) return undefined;
      held.open();
      await waiting.opened;
      return forward();
    });
    const first = syncFlags(scene.table, optionsFor(scene, server));
    await held.opened;
    server.data = newer;
    await syncFlags(scene.table, optionsFor(scene, server));
    waiting.open();
    await first;
    await assertTable(scene, newer);
    assert.deepStrictEqual(scene.logger.lines, []);
  }
});

test('many syncs at once, with data that changes all the while, end with the newest', async (t) => {
  const scene = await newFaultScene(t);
  const server = await startPollingServer(t, dataSet(1));
  const syncs = [];
  for (let version = 2; version <= 6; version += 1) {
    const done = server.requests.length;
    syncs.push(syncFlags(scene.table, optionsFor(scene, server)));
    await waitFor(() => server.requests.length > done, 'it to fetch');
    server.data = dataSet(version);
  }
  // One that loses each time says so.
  for (const { reason } of await Promise.allSettled(syncs)) {
    if (reason) assert.strictEqual(reason.code, 'OLDER_DATA', String(reason));
  }
  await syncFlags(scene.table, optionsFor(scene, server));
  await assertTable(scene, server.data);
});

test('an SDK in daemon mode sees no flag before its prerequisite', async (t) => {
  const [sdk] = SDKS.slice(-1);
  const stage = await newStage(t, sdk);
  const { scene } = stage;
  const server = await startPollingServer(t, {});
  await syncFlags(scene.table, optionsFor(scene, server));
  const client = await stage.daemonClient(scene.value({ cacheTTL: 0 }));
  const pairs = Array.from({ length: 50 }, (_, i) => [
    flag(`needed-${i}`),
    flag(`flag-${i}`, { prerequisites: [{ key: `needed-${i}`, variation: 0 }] }),
  ]);
  server.put('flags', ...pairs.flat());
  let isOver = false;
  const kinds = new Set();
  const looking = (async () => {
    for (let i = 0; !isOver; i = (i + 1) % pairs.length) {
      const { reason } = await client.variationDetail(`flag-${i}`, stage.subject('joe'), 'none');
      kinds.add(reason.kind);
    }
  })();
  await waitFor(() => kinds.size > 0, 'it to look');
  const writing = gate();
  scene.proxy.intercept(holdBack(writing, 'PutItem'));
  const sync = syncFlags(scene.table, optionsFor(scene, server));
  writing.open();
  await sync;
  await waitFor(() => kinds.has('FALLTHROUGH'), 'it to see a flag');
  isOver = true;
  await looking;
  assert.deepStrictEqual([...kinds].sort(), ['ERROR', 'FALLTHROUGH']);
});
