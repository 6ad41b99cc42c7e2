'use strict';

/**
 * That evaluations come out the same with this store as with the one in memory that an SDK has itself:
 * in daemon mode, in the process that received the data, and after updates.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { waitFor } = require('../support/wait');
const { DEFAULT, asSubject } = require('../support/flags');
const { generate } = require('./generated');
const { SDKS } = require('../support/sdks');
const { ready, stages } = require('../support/stage');

const newStage = stages();

const SIZE = { flagCount: 1000, peopleCount: 50 };
const UPDATED = 100;

/** One of each generation. */
const GENERATIONS = SDKS.filter(({ alias, cached }) => cached && !alias.startsWith('ldclient'));

for (const sdk of GENERATIONS) {
  test(`${sdk.title}: evaluates as with its own store in memory`, async (t) => {
    const stage = await newStage(t, sdk);
    const data = generate({ ...SIZE, seed: 20261123, contexts: Boolean(sdk.contexts) });
    const server = await stage.startServer(data);
    const { url } = server;
    const urls = { baseUri: url, streamUri: url, eventsUri: url };
    const inMemory = await ready(stage.client(undefined, urls));
    const writer = await stage.streamingClient(server);
    const reader = await stage.daemonClient(stage.scene.value({ preload: true }));
    const before = await assertSameResults(sdk, data, inMemory, { writer, reader });

    const keys = Object.keys(data.flags).slice(0, UPDATED);
    const updates = generate({ ...SIZE, seed: 7, contexts: Boolean(sdk.contexts) });
    for (const key of keys) server.patchFlag({ ...updates.flags[key], version: 20 });
    for (const segment of Object.values(updates.segments)) {
      server.patchSegment({ ...segment, version: 20 });
    }
    await waitFor(async () => {
      const rows = await stage.scene.rows();
      const updated = rows.filter(({ version }) => version?.N === '20').length;
      return updated === UPDATED + Object.keys(updates.segments).length;
    }, 'the updates in the table');
    const late = await stage.daemonClient(stage.scene.value({ preload: true }));
    const after = await assertSameResults(sdk, data, inMemory, { writer, late });
    assert.notDeepStrictEqual(after, before);
  });
}

/**
 * @returns {Promise<any[]>} what came out
 */
async function assertSameResults(sdk, { flags, people }, inMemory, others) {
  const expected = await resultsOf(sdk, inMemory, flags, people);
  assert.ok(new Set(expected.map(({ reason }) => reason.kind)).size >= 5);
  for (const [name, client] of Object.entries(others)) {
    const results = await resultsOf(sdk, client, flags, people);
    results.forEach((result, index) => {
      assert.deepStrictEqual(result, expected[index], `result ${index} of the ${name}`);
    });
  }
  return expected;
}

async function resultsOf(sdk, client, flags, people) {
  const results = [];
  for (const person of people) {
    const subject = asSubject(sdk, person);
    for (const key of Object.keys(flags)) {
      results.push(await client.variationDetail(key, subject, DEFAULT));
    }
  }
  return results;
}
