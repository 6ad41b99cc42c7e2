'use strict';

/** The store writes the table, and a Relay Proxy serves from it while LaunchDarkly is out of its reach. */

const assert = require('node:assert');
const { isDeepStrictEqual } = require('node:util');
const { test } = require('node:test');

const { waitFor } = require('../../support/wait');
const { SDKS, relayStages } = require('../relay-stage');

const newStage = relayStages();

/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:1';
const OUT_OF_REACH = { BASE_URI: NOWHERE, STREAM_URI: NOWHERE, EVENTS_HOST: NOWHERE };

for (const sdk of SDKS) {
  test(`${sdk.title}: a Relay Proxy serves what the store has written`, async (t) => {
    const stage = await newStage(t, sdk);
    const environment = stage.environment();
    const direct = await environment.direct();
    const writer = await environment.direct(stage.inner.scene.value());
    await environment.written();
    environment.source.deleteFlag('targeted', 2);
    environment.source.deleteSegment('rules-1', 2);
    const changed = await environment.resultsAfterChanges(direct, 'before the start', 2);
    const isWritten = async (version) =>
      (await stage.inner.scene.row('features', 'mark')).version.N === version;
    await waitFor(() => isWritten('2'), 'the changes in the table');

    const relay = await stage.startRelay({
      ...OUT_OF_REACH,
      INIT_TIMEOUT: '1s',
      CACHE_TTL: '100ms',
    });
    assert.deepStrictEqual(await stage.results(await environment.through(relay)), changed);

    environment.source.deleteFlag('plain', 2);
    environment.source.patchFlag({ ...stage.data.flags.text, on: false, version: 2 });
    const expected = await environment.resultsAfterChanges(direct, 'after the start', 3);
    assert.notDeepStrictEqual(expected, changed);
    assert.deepStrictEqual(await stage.results(writer), expected);
    await waitFor(() => isWritten('3'), 'the changes in the table');
    await waitFor(async () => {
      const client = await environment.through(relay);
      return isDeepStrictEqual(await stage.results(client), expected);
    }, 'the Relay Proxy to serve the changes');
  });
}
