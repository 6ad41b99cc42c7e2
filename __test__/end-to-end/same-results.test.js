'use strict';

/**
 * That evaluations come out the same with this store as with the one in memory that an SDK has itself:
 * in daemon mode, in the process that received the data, and after updates. With SDK 8 and 9 also if the store
 * uses the SDK's own codec.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { waitFor } = require('../support/wait');
const { withOwnCodec } = require('../support/codecs');
const { assertSameResults } = require('../support/results');
const { OPERATORS, generate } = require('./generated');
const { SDKS, processingSdks } = require('../support/sdks');
const { ready, stages } = require('../support/stage');

const newStage = stages();

const UPDATED = 100;

/** One of each generation, and all whose items are not plain JSON. */
const GENERATIONS = [
  ...SDKS.filter(({ alias, cached }) => cached && !alias.startsWith('ldclient')),
  ...processingSdks().filter((sdk) => !SDKS.includes(sdk)),
];

for (const sdk of GENERATIONS) {
  test(`${sdk.title}: evaluates as with its own store in memory`, async (t) => {
    const stage = await newStage(t, sdk);
    const generated = (seed) => {
      const { contexts = false, nulls } = sdk;
      const size = { flagCount: 1000, subjectCount: 50 };
      return generate({ ...size, seed, contexts, nulls: nulls !== undefined });
    };
    const data = generated(20261123);
    const server = await stage.startServer(data);
    const { url } = server;
    const urls = { baseUri: url, streamUri: url, eventsUri: url };
    const inMemory = await ready(stage.client(undefined, urls));
    const stores = [clientsOf(stage, server, { prefix: 'usual' })];
    if (sdk.fastCodec) {
      const own = { prefix: 'own-codec', sdk: withOwnCodec(sdk.LaunchDarkly) };
      stores.push(clientsOf(stage, server, own));
    }
    const writers = await Promise.all(stores.map(({ writer }) => writer()));
    const early = [writers[0], await stores[0].reader()];
    const before = await assertSameResults(data, inMemory, early);
    assertVariety(before);

    const { flags, segments } = generated(7);
    const updates = Object.values(flags).slice(0, UPDATED);
    for (const flag of updates) server.patchFlag({ ...flag, version: 20 });
    for (const segment of Object.values(segments)) {
      server.patchSegment({ ...segment, version: 20 });
    }
    const count = (updates.length + Object.keys(segments).length) * stores.length;
    await waitFor(async () => {
      const rows = await stage.scene.rows();
      return rows.filter(({ version }) => version?.N === '20').length === count;
    }, 'the updates in the table');
    const readers = await Promise.all(stores.map(({ reader }) => reader()));
    const after = await assertSameResults(data, inMemory, [...writers, ...readers]);
    assert.notDeepStrictEqual(after, before);
  });
}

/** Makes clients with a store with these options: one that receives the data, and one that only reads the store. */
function clientsOf(stage, server, options) {
  const named = async (role, client) => [`${role}, ${options.prefix}`, await client];
  return {
    writer: () => named('writer', stage.streamingClient(server, stage.scene.value(options))),
    reader: () =>
      named('reader', stage.daemonClient(stage.scene.value({ ...options, preload: true }))),
  };
}

/** Asserts that the data are good for a comparison: flags are used in many ways, and each operator has matched. */
function assertVariety(results) {
  const reasons = results.map(({ reason }) => reason);
  assert.ok(new Set(reasons.map(({ kind }) => kind)).size >= 6);
  const matched = new Set(reasons.flatMap(({ ruleId = '' }) => ruleId.split(' ')));
  const missing = OPERATORS.filter((operator) => !matched.has(operator));
  assert.deepStrictEqual(missing, []);
}
