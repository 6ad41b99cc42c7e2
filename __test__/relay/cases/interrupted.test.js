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
const WRITE = path.join(__dirname, '..', '..', 'faults', 'children', 'write.js');

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

/** Waits until a client has the same value for each of the flags. */
async function comesTo(stage, client, value) {
  const read = async () => [...new Set(await values(stage, client))];
  await becomes(read, [value]);
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

/** Asserts that a client has a mixture of these values and no other. */
async function assertMixture(stage, client, ...mixed) {
  const seen = new Set(await values(stage, client));
  const others = [...seen].filter((value) => !mixed.includes(value));
  assert.deepStrictEqual(others, []);
}

async function assertWhole(stage, version) {
  const rows = await stage.inner.scene.rows();
  assert.strictEqual(rows.filter((row) => row.version?.N === String(version)).length, FLAGS);
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
    await assertMixture(stage, reader, DEFAULT, 'first');
    stage.proxy.intercept();
    await stage.startRelay();
    await comesTo(stage, reader, 'first');
    await environment.written();
    await assertWhole(stage, 1);
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
    await assertMixture(stage, reader, 'first', 'second');
    await assertMixture(stage, await environment.reader(), 'first', 'second');
    stage.proxy.intercept();
    await stage.startRelay();
    await comesTo(stage, reader, 'second');
    await assertWhole(stage, 2);
  });

  test(`${sdk.title}: a Relay Proxy gets a table that a killed store has half written`, async (t) => {
    const stage = await newStage(t, sdk);
    const { scene } = stage.inner;
    const { flags, segments } = data('of the store', 1);
    await writeInPart(scene.proxy, async () => {
      const clientOptions = { endpoint: scene.proxy.endpoint };
      const calls = [['init', { features: flags, segments }]];
      const input = { table: scene.table, options: { clientOptions }, calls };
      const child = start(WRITE, input, {}, 'ignore');
      const ended = once(child, 'close');
      stage.inner.servers.unshift({
        close: async () => {
          child.kill('SIGKILL');
          await ended;
        },
      });
    });
    await stage.inner.servers[0].close();
    scene.proxy.intercept();
    const written = (await scene.rows()).length;
    assert.ok(written > 0 && written < FLAGS, `${written} flags`);

    const environment = stage.environment({ data: data('of the Relay Proxy', 1) });
    const reader = await environment.reader();
    await assertMixture(stage, reader, DEFAULT, 'of the store');
    await stage.startRelay();
    await comesTo(stage, reader, 'of the Relay Proxy');
    await environment.written();
    await assertWhole(stage, 1);
  });
}
