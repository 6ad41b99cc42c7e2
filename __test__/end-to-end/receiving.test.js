'use strict';

/**
 * SDK clients that receive flags from a server, and hand them to the store.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES, SEGMENTS: SEGMENT_KIND, itemRow, markerRow } = require('../support/data');
const { answerWith, rejection } = require('../support/faults');
const { becomes, waitFor } = require('../support/wait');
const {
  DEFAULT,
  FLAGS,
  SEGMENTS,
  allAsHandedOver,
  asHandedOver,
  clauseFlag,
  flag,
  inSegment,
} = require('../support/flags');
const { SDKS } = require('../support/sdks');
const { ready, stages } = require('../support/stage');

const newStage = stages();

/** A client that receives a stream, and one in daemon mode on the same table. */
async function writerAndReader(stage, data) {
  const server = await stage.startServer(data);
  const writer = await stage.streamingClient(server);
  const reader = await stage.daemonClient();
  return { server, writer, reader };
}

/** The rows that a table has when this is all that an SDK has put into it. */
function expectedRows(sdk, { flags, segments }) {
  const row = (namespace) => (item) => itemRow(namespace, asHandedOver(sdk, item));
  return [
    markerRow(),
    ...inOrder(flags).map(row('features')),
    ...inOrder(segments).map(row('segments')),
  ];
}

function inOrder(items) {
  return Object.keys(items)
    .sort()
    .map((key) => items[key]);
}

for (const sdk of SDKS) {
  test(`${sdk.title}: what the stream brings is in the table once the client is ready`, async (t) => {
    const stage = await newStage(t, sdk);
    await writerAndReader(stage);
    assert.deepStrictEqual(
      await stage.scene.rows(),
      expectedRows(sdk, { flags: FLAGS, segments: SEGMENTS })
    );
    const store = stage.scene.open();
    assert.deepStrictEqual(await store.all(FEATURES), allAsHandedOver(sdk, FLAGS));
    assert.deepStrictEqual(await store.all(SEGMENT_KIND), allAsHandedOver(sdk, SEGMENTS));
    assert.strictEqual(await store.initialized(), true);
  });

  test(`${sdk.title}: a new data set replaces what was there`, async (t) => {
    const stage = await newStage(t, sdk);
    await stage.write({ features: { old: flag('old', { version: 9 }) }, segments: SEGMENTS });
    // A data system does not name kinds that it has nothing of.
    const segments = { vip: { ...SEGMENTS.staff, key: 'vip' } };
    const { server, writer, reader } = await writerAndReader(stage, { flags: FLAGS, segments });
    assert.strictEqual(await stage.value(reader, 'old'), DEFAULT);
    assert.deepStrictEqual(await stage.scene.rows(), expectedRows(sdk, { flags: FLAGS, segments }));
    const flags = { plain: flag('plain', { version: 2, on: false }) };
    server.putAll({ flags, segments });
    await stage.sees(writer, false, 'plain');
    await stage.sees(reader, false, 'plain');
    await stage.sees(reader, DEFAULT, 'text');
    // Rows go one wave after the other, the last ones after what was waited for above.
    await becomes(() => stage.scene.rows(), expectedRows(sdk, { flags, segments }));
  });

  test(`${sdk.title}: a patch is seen by its own client and by one in daemon mode`, async (t) => {
    const stage = await newStage(t, sdk);
    const { server, writer, reader } = await writerAndReader(stage);
    for (const client of [writer, reader]) {
      assert.strictEqual(await stage.value(client, 'plain'), true);
    }
    server.patchFlag(flag('plain', { version: 2, on: false }));
    await stage.sees(writer, false, 'plain');
    await stage.sees(reader, false, 'plain');
    assert.strictEqual((await stage.scene.row('features', 'plain')).version.N, '2');
  });

  test(`${sdk.title}: a flag that is new is seen after it was known as missing`, async (t) => {
    const stage = await newStage(t, sdk);
    const { server, writer, reader } = await writerAndReader(stage);
    for (const client of [writer, reader]) {
      assert.strictEqual(await stage.value(client, 'late'), DEFAULT);
    }
    server.patchFlag(flag('late'));
    await stage.sees(writer, true, 'late');
    await stage.sees(reader, true, 'late');
  });

  test(`${sdk.title}: a segment that changes changes its flags`, async (t) => {
    const stage = await newStage(t, sdk);
    const { server, writer, reader } = await writerAndReader(stage);
    for (const client of [writer, reader]) {
      assert.strictEqual(await stage.value(client, 'for-staff', 'joe'), false);
    }
    server.patchSegment({ ...SEGMENTS.staff, version: 2, included: ['joe'] });
    await stage.sees(writer, true, 'for-staff', 'joe');
    await stage.sees(reader, true, 'for-staff', 'joe');
  });

  test(`${sdk.title}: a deleted flag gives the default, and its older versions stay out`, async (t) => {
    const stage = await newStage(t, sdk);
    const { server, writer, reader } = await writerAndReader(stage);
    assert.strictEqual(await stage.value(reader, 'plain'), true);
    server.deleteFlag('plain', 5);
    await stage.sees(writer, DEFAULT, 'plain');
    await stage.sees(reader, DEFAULT, 'plain');
    const tombstone = { key: 'plain', version: 5, deleted: true };
    assert.deepStrictEqual(await stage.scene.item('features', 'plain'), tombstone);

    server.patchFlag(flag('plain', { version: 4 }));
    server.patchFlag(flag('text', { version: 2, on: false }));
    await stage.sees(reader, false, 'text');
    assert.strictEqual(await stage.value(reader, 'plain'), DEFAULT);

    server.patchFlag(flag('plain', { version: 6 }));
    await stage.sees(writer, true, 'plain');
    await stage.sees(reader, true, 'plain');
  });

  test(`${sdk.title}: of many patches at the same time the newest are in the table`, async (t) => {
    const stage = await newStage(t, sdk);
    const { server, writer, reader } = await writerAndReader(stage);
    const keys = Object.keys(FLAGS);
    const last = 8;
    for (let version = 2; version <= last; version += 1) {
      for (const key of keys) {
        server.patchFlag(flag(key, { version, variations: [`${key} ${version}`, null] }));
      }
    }
    for (const key of keys) {
      await stage.sees(writer, `${key} ${last}`, key);
      await stage.sees(reader, `${key} ${last}`, key);
    }
    const rows = await stage.scene.rows();
    const versions = rows
      .filter((row) => row.namespace.S === 'features')
      .map((row) => row.version.N);
    assert.deepStrictEqual(
      versions,
      keys.map(() => String(last))
    );
  });

  test(`${sdk.title}: reports updates, but none for an outdated version`, async (t) => {
    const stage = await newStage(t, sdk);
    const server = await stage.startServer({ flags: { a: flag('a', { version: 5 }) } });
    const client = await stage.streamingClient(server);
    const updates = [];
    client.on('update', ({ key }) => updates.push(key));
    // What some SDKs still have to report about the first data set comes before this.
    server.patchFlag(flag('b'));
    await waitFor(() => updates.includes('b'), 'an update of b');
    updates.length = 0;
    server.patchFlag(flag('a', { version: 4, on: false }));
    server.patchFlag(flag('a', { version: 6, on: false }));
    await waitFor(() => updates.length > 0, 'an update of a');
    assert.deepStrictEqual(updates, ['a']);
    assert.strictEqual(await stage.value(client, 'a'), false);
  });

  test(`${sdk.title}: reports the updates of a whole data set`, async (t) => {
    const stage = await newStage(t, sdk);
    const flags = { a: flag('a'), b: flag('b'), c: flag('c') };
    await stage.write({ features: flags, segments: {} });
    const server = await stage.startServer({ flags: { ...flags, b: flag('b', { version: 2 }) } });
    const client = stage.connect(server);
    const updates = [];
    for (const key of Object.keys(flags)) client.on(`update:${key}`, () => updates.push(key));
    await ready(client);
    // A data system doesn't wait for what it asks the store for before its first data set.
    const isExact = sdk.exactUpdates && !sdk.dataSystem;
    const expected = isExact ? ['b'] : Object.keys(flags);
    await waitFor(() => updates.length >= expected.length, 'the updates');
    assert.deepStrictEqual(updates.sort(), expected);
  });

  if (sdk.exactUpdates) {
    test(`${sdk.title}: reports an update of the flags that refer to what changed`, async (t) => {
      const stage = await newStage(t, sdk);
      const flags = {
        direct: clauseFlag('direct', inSegment('staff')),
        indirect: flag('indirect', { prerequisites: [{ key: 'direct', variation: 0 }] }),
        other: flag('other'),
      };
      const server = await stage.startServer({ flags, segments: SEGMENTS });
      const client = await stage.streamingClient(server);
      const updates = [];
      client.on('update', ({ key }) => updates.push(key));
      server.patchSegment({ ...SEGMENTS.staff, version: 2 });
      await waitFor(() => updates.length >= 2, 'two updates');
      assert.deepStrictEqual(updates.sort(), ['direct', 'indirect']);
    });
  }

  // The code of ldclient-node 5.8 throws where `all` says that the items can't be read.
  if (sdk.toleratesUnreadable) {
    test(`${sdk.title}: has its flags and their updates though DynamoDB refuses all`, async (t) => {
      const stage = await newStage(t, sdk, { mayLog: true });
      const server = await stage.startServer();
      stage.scene.proxy.intercept(answerWith(rejection()));
      const client = stage.connect(server);
      client.on('update', () => {});
      await ready(client);
      assert.strictEqual(await stage.value(client, 'plain'), true);
      const state = await client.allFlagsState(stage.subject('joe'));
      assert.strictEqual(state.allValues().plain, true);
      assert.ok(stage.scene.logger.linesWith(stage.scene.table).length > 0);

      server.patchFlag(flag('plain', { version: 2, on: false }));
      await stage.sees(client, false, 'plain');
    });
  }

  // The others keep a finished process alive until the next poll would be due.
  if (sdk.stopsPolling) {
    test(`${sdk.title}: receives flags by polling`, async (t) => {
      const stage = await newStage(t, sdk);
      const server = await stage.startServer();
      const client = await ready(stage.connect(server, undefined, { stream: false }));
      const reader = await stage.daemonClient();
      for (const each of [client, reader]) {
        assert.strictEqual(await stage.value(each, 'for-staff', 'ada'), true);
      }
      assert.deepStrictEqual(
        await stage.scene.rows(),
        expectedRows(sdk, { flags: FLAGS, segments: SEGMENTS })
      );
    });
  }
}
