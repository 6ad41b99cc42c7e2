'use strict';

/**
 * Writers that are killed in the middle of a data set, and Relay Proxies that start afterwards.
 */

const assert = require('node:assert');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');

const { byKey, flag } = require('../../../demo/flag');
const { start } = require('../../support/child');
const { HANG } = require('../../support/engine-proxy');
const { DEFAULT } = require('../../support/flags');
const { becomes, waitFor } = require('../../support/wait');
const { SDKS, relayStages } = require('../relay-stage');

const newStage = relayStages();

const FLAGS = 2000;
/** The number of batches, of 25 flags each, before the writer is killed. */
const BATCHES = 30;
const RECEIVE = path.join(__dirname, '..', '..', 'end-to-end', 'children', 'evaluate-and-end.js');

/** A data set whose flags have this value. */
function data(value, version) {
  const keys = Array.from({ length: FLAGS }, (_, number) => `flag-${number}`);
  return {
    flags: byKey(...keys.map((key) => flag(key, { version, variations: [value] }))),
    segments: {},
  };
}

/** @returns {Promise<any[]>} the values of some flags */
function values(stage, client) {
  const keys = Array.from({ length: FLAGS / 20 }, (_, number) => `flag-${number * 20}`);
  return Promise.all(keys.map((key) => stage.inner.value(client, key)));
}

/** Lets some batches pass that way, and waits until the writer sends the next one. */
async function writeInPart(proxy, write) {
  const before = proxy.count('BatchWriteItem');
  proxy.intercept(({ operation, call }) =>
    operation === 'BatchWriteItem' && call > before + BATCHES ? HANG : undefined
  );
  await write();
  await waitFor(() => proxy.count('BatchWriteItem') > before + BATCHES, 'some of the batches');
}

/** Waits until a client has these values, each for some of the flags, and no other value. */
async function comesTo(stage, client, ...mixed) {
  await becomes(async () => [...new Set(await values(stage, client))].sort(), mixed.sort());
}

/** Waits until all flags in the table have this version. */
async function becomesWhole(stage, version) {
  const isNew = (row) => row.version?.N === String(version);
  await becomes(async () => (await stage.inner.scene.rows()).filter(isNew).length, FLAGS);
}

/** Starts a process that receives flags and writes them through a store. Its `close` kills it. */
function startWriter({ alias, dataSystem }, { table, proxy }, { url }) {
  const input = { alias, dataSystem, table, endpoint: proxy.endpoint, url };
  const child = start(RECEIVE, input, {}, 'ignore');
  const ended = once(child, 'close');
  const close = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { close };
}

for (const sdk of SDKS) {
  test(`${sdk.title}: a Relay Proxy is killed while it writes the first data set`, async (t) => {
    const stage = await newStage(t, sdk);
    const environment = stage.environment({ data: data('first', 1) });
    const reader = await environment.reader();
    let relay;
    await writeInPart(stage.proxy, async () => {
      relay = await stage.startRelay();
    });
    await relay.close();
    await comesTo(stage, reader, DEFAULT, 'first');
    stage.proxy.intercept();
    await stage.startRelay();
    await comesTo(stage, reader, 'first');
    await environment.written();
    await becomesWhole(stage, 1);
  });

  test(`${sdk.title}: a Relay Proxy is killed while it writes another data set`, async (t) => {
    const stage = await newStage(t, sdk);
    const environment = stage.environment({ data: data('first', 1) });
    const relay = await stage.startRelay();
    await environment.written();
    const reader = await environment.reader();
    await comesTo(stage, reader, 'first');
    await writeInPart(stage.proxy, () => environment.source.putAll(data('second', 2)));
    await relay.close();
    await comesTo(stage, reader, 'first', 'second');
    await comesTo(stage, await environment.reader(), 'first', 'second');
    stage.proxy.intercept();
    await stage.startRelay();
    await comesTo(stage, reader, 'second');
    await becomesWhole(stage, 2);
  });

  test(`${sdk.title}: a Relay Proxy gets a table that a killed store has half written`, async (t) => {
    const stage = await newStage(t, sdk);
    const { scene, servers } = stage.inner;
    const environment = stage.environment({ data: data('of the store', 1) });
    const { source } = environment;
    const reader = await environment.reader();
    await source.listen();
    servers.push(source);
    let writer;
    await writeInPart(scene.proxy, () => {
      writer = startWriter(sdk, scene, source);
      servers.push(writer);
    });
    await writer.close();
    scene.proxy.intercept();
    const written = (await scene.rows()).length;
    assert.ok(written > 0 && written < FLAGS, `${written} flags`);
    await comesTo(stage, reader, DEFAULT, 'of the store');

    source.putAll(data('of the Relay Proxy', 1));
    await stage.startRelay();
    await comesTo(stage, reader, 'of the Relay Proxy');
    await environment.written();
    await becomesWhole(stage, 1);
  });
}
