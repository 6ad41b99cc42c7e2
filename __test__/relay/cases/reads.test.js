'use strict';

/** The requests to DynamoDB of daemon readers, which are printed as a table. */

const assert = require('node:assert');
const { after, test } = require('node:test');

const { resultsOf } = require('../../support/results');
const { SDKS, relayStages } = require('../relay-stage');

const newStage = relayStages();

/** The default `cacheTTL`, in milliseconds. */
const DEFAULT_TTL_MS = 15_000;
const PASSES = 10;
const READERS = { default: {}, preload: { preload: true }, 'cacheTTL: 0': { cacheTTL: 0 } };

/** @type {Record<string, object>} */
const table = {};
after(() => console.table(table));

function mostReadsOfOneRow(history) {
  const counts = new Map();
  for (const { operation, body } of history) {
    const row = JSON.stringify(body.Key);
    if (operation === 'GetItem') counts.set(row, (counts.get(row) || 0) + 1);
  }
  return Math.max(0, ...counts.values());
}

for (const sdk of SDKS) {
  test(`${sdk.title}: reads each row once while it is fresh`, async (t) => {
    const stage = await newStage(t, sdk);
    const environment = stage.environment();
    await stage.startRelay();
    await environment.written();
    const results = (client) => resultsOf(client, stage.data.flags, stage.subjects);
    const expected = await results(await environment.direct());
    const { proxy } = stage.inner.scene;

    for (const [name, options] of Object.entries(READERS)) {
      proxy.reset();
      const started = Date.now();
      const reader = await environment.reader({ cacheTTL: undefined, ...options });
      const passes = options.cacheTTL === 0 ? 1 : PASSES;
      for (let pass = 0; pass < passes; pass += 1) {
        assert.deepStrictEqual(await results(reader), expected);
      }
      const reads = { GetItem: proxy.count('GetItem'), Query: proxy.count('Query') };
      table[`${sdk.title}, ${name}`] = { evaluations: expected.length * passes, ...reads };
      if (options.cacheTTL === 0) continue;
      const lifetimes = 1 + Math.floor((Date.now() - started) / DEFAULT_TTL_MS);
      assert.ok(mostReadsOfOneRow(proxy.history) <= lifetimes);
    }
  });
}
