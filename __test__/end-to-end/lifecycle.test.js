'use strict';

/**
 * SDK clients that begin without a connection, that share a store, and that end.
 */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { FEATURES } = require('../support/data');
const { runChild } = require('../support/child');
const { holdBack } = require('../support/faults');
const { gate, waitFor } = require('../support/wait');
const { DEFAULT, FLAGS, flag } = require('../support/flags');
const { SDKS } = require('../support/sdks');
const { stages } = require('../support/stage');

const newStage = stages();
const CHILD = path.join(__dirname, 'children', 'evaluate-and-end.js');

for (const sdk of SDKS) {
  test(`${sdk.title}: uses the last known values while there is no stream`, async (t) => {
    const stage = await newStage(t, sdk);
    await stage.write();
    const client = stage.connect(await stage.startSilentServer());
    assert.strictEqual(await stage.value(client, 'plain'), true);
    assert.strictEqual(await stage.value(client, 'with-chain', 'ben'), true);
    const state = await client.allFlagsState(stage.subject('joe'));
    assert.strictEqual(state.valid, true);
    assert.deepStrictEqual(Object.keys(state.allValues()).sort(), Object.keys(FLAGS).sort());
    assert.strictEqual(client.initialized(), false);
    assert.ok(stage.logger.linesWith('using last known values').length > 0);
  });

  test(`${sdk.title}: gives defaults without a stream until somebody fills the table`, async (t) => {
    const stage = await newStage(t, sdk);
    const client = stage.connect(await stage.startSilentServer(), stage.shortLivedStore());
    const subject = stage.subject('joe');
    const { value, reason } = await client.variationDetail('plain', subject, DEFAULT);
    assert.strictEqual(value, DEFAULT);
    assert.deepStrictEqual(reason, { kind: 'ERROR', errorKind: 'CLIENT_NOT_READY' });
    await stage.write();
    await stage.sees(client, true, 'plain');
    assert.strictEqual(client.initialized(), false);
  });

  test(`${sdk.title}: a daemon-mode client on an empty table sees what comes later`, async (t) => {
    const stage = await newStage(t, sdk);
    const client = await stage.daemonClient();
    assert.strictEqual(await stage.value(client, 'plain'), DEFAULT);
    assert.deepStrictEqual((await client.allFlagsState(stage.subject('joe'))).allValues(), {});
    await stage.write();
    await stage.sees(client, true, 'plain');
  });

  test(`${sdk.title}: clients in daemon mode share a store, and one can go`, async (t) => {
    const stage = await newStage(t, sdk);
    await stage.write();
    const store = stage.shortLivedStore();
    const first = await stage.daemonClient(store);
    const second = await stage.daemonClient(store);
    for (const client of [first, second]) {
      assert.strictEqual(await stage.value(client, 'plain'), true);
    }
    first.close();
    assert.strictEqual(await stage.value(second, 'text'), FLAGS.text.variations[0]);
    await stage.scene.open().upsert(FEATURES, flag('plain', { version: 2, on: false }));
    await stage.sees(second, false, 'plain');
  });

  test(`${sdk.title}: a client goes on writing when the one it shares a store with goes`, async (t) => {
    const stage = await newStage(t, sdk);
    const server = await stage.startServer();
    const store = stage.scene.value();
    const reader = await stage.daemonClient(store);
    const writer = await stage.streamingClient(server, store);
    assert.strictEqual(await stage.value(reader, 'plain'), true);
    // What one of them writes the other sees without waiting for its copy to expire.
    server.patchFlag(flag('plain', { version: 2, on: false }));
    await stage.sees(writer, false, 'plain');
    assert.strictEqual(await stage.value(reader, 'plain'), false);
    reader.close();
    server.patchFlag(flag('plain', { version: 3 }));
    await stage.sees(writer, true, 'plain');
    const inTable = async () => (await stage.scene.row('features', 'plain')).version.N === '3';
    await waitFor(inTable, 'the update in the table');
  });

  test(`${sdk.title}: a client that is closed in the middle of a change has it in the table`, async (t) => {
    const stage = await newStage(t, sdk);
    const flags = Array.from({ length: 20 }, (_, index) => flag(`flag-${index}`));
    const byKey = Object.fromEntries(flags.map((each) => [each.key, each]));
    const server = await stage.startServer({ flags: byKey, segments: {} });
    const client = await stage.streamingClient(server);
    const held = gate();
    const before = stage.scene.proxy.count('PutItem');
    const sent = () => stage.scene.proxy.count('PutItem') - before;
    // The rest has to be written within a second.
    const last = 18;
    stage.scene.proxy.intercept((request) =>
      sent() < last ? undefined : holdBack(held, 'PutItem')(request)
    );
    server.patchFlags(flags.map((each) => ({ ...each, version: 2 })));
    // A data system hands over one after the other.
    const underWay = sdk.dataSystem ? last : flags.length;
    await waitFor(() => sent() === underWay, 'the writes');
    client.close();
    held.open();
    const areWritten = async () => {
      const rows = await stage.scene.rows();
      return rows.filter(({ version }) => version?.N === '2').length === flags.length;
    };
    await waitFor(areWritten, 'the whole change');
  });

  test(`${sdk.title}: clients with different prefixes don't meet`, async (t) => {
    const stage = await newStage(t, sdk);
    const readers = {};
    for (const [prefix, text] of Object.entries({ one: 'first', two: 'second' })) {
      const flags = { text: flag('text', { variations: [text, null] }) };
      const server = await stage.startServer({ flags, segments: {} });
      await stage.streamingClient(server, stage.scene.value({ prefix }));
      readers[prefix] = await stage.daemonClient(stage.scene.value({ prefix }));
    }
    assert.strictEqual(await stage.value(readers.one, 'text'), 'first');
    assert.strictEqual(await stage.value(readers.two, 'text'), 'second');
    const namespaces = (await stage.scene.rows()).map((row) => row.namespace.S);
    assert.deepStrictEqual(namespaces, [
      'one:$inited',
      'one:features',
      'two:$inited',
      'two:features',
    ]);
  });

  test(`${sdk.title}: a process whose client was closed ends by itself`, async (t) => {
    const stage = await newStage(t, sdk);
    const server = await stage.startServer();
    const { endpoint } = stage.scene.proxy;
    const { alias, dataSystem } = sdk;
    const input = { alias, dataSystem, table: stage.scene.table, endpoint, url: server.url };
    const { code, signal, stdout, stderr } = await runChild(CHILD, input);
    assert.deepStrictEqual(
      { code, signal, stdout },
      { code: 0, signal: null, stdout: 'true\n' },
      stderr
    );
    await waitFor(() => server.streams.size === 0, 'the stream to end');
  });
}
