'use strict';

/**
 * What LaunchDarkly sends to a Relay Proxy and daemon readers find in the table: the first data set, patches,
 * deletes, and other data sets.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { dataSet } = require('../data');
const { SDKS, relayStages } = require('../relay-stage');

const newStage = relayStages();

/** Starts a Relay Proxy, a client that streams directly, and a daemon reader that has read everything. */
async function start(t, sdk, data = dataSet(sdk)) {
  const stage = await newStage(t, sdk);
  const environment = stage.environment({ data });
  const relay = await stage.startRelay();
  await environment.written();
  const [direct, reader] = [await environment.direct(), await environment.reader()];
  const before = await stage.results(direct);
  assert.deepStrictEqual(await stage.results(reader), before);
  return { stage, environment, relay, direct, reader, before };
}

for (const sdk of SDKS) {
  test(`${sdk.title}: reads the first data set`, async (t) => {
    const stage = await newStage(t, sdk);
    const environment = stage.environment();
    const early = await environment.reader();
    await stage.startRelay();
    await environment.written();
    const expected = await stage.results(await environment.direct());
    assert.ok(expected.length > 300);
    for (const options of [{}, { preload: true }, { cacheTTL: 0 }]) {
      const reader = await environment.reader(options);
      assert.deepStrictEqual(await stage.results(reader), expected, JSON.stringify(options));
    }
    await stage.comesTo(early, expected);
  });

  test(`${sdk.title}: sees patches`, async (t) => {
    const { stage, environment, direct, reader, before } = await start(t, sdk);
    const { flags, segments } = dataSet(sdk, { seed: 2, version: 2 });
    environment.source.patchFlags(Object.values(flags));
    for (const segment of Object.values(segments)) environment.source.patchSegment(segment);
    const expected = await environment.resultsAfterChanges(direct, 'patched', 3);
    assert.notDeepStrictEqual(expected, before);
    await stage.comesTo(reader, expected);
  });

  test(`${sdk.title}: sees deletes, and what is made anew`, async (t) => {
    const { stage, environment, direct, reader, before } = await start(t, sdk);
    const { flags, segments } = stage.data;
    const { 'with-prerequisite': flag, ...others } = flags;
    const keys = Object.keys(others).filter((key, index) => key !== 'mark' && index % 2 === 0);
    for (const key of ['targeted', 'with-prerequisite', 'there-was-none', ...keys]) {
      environment.source.deleteFlag(key, 2);
    }
    for (const key of ['staff', 'rules-1', 'even']) environment.source.deleteSegment(key, 2);
    const deleted = await environment.resultsAfterChanges(direct, 'deleted', 2);
    assert.notDeepStrictEqual(deleted, before);
    await stage.comesTo(reader, deleted);

    environment.source.patchFlag({ ...flag, version: 3 });
    environment.source.patchSegment({ ...segments.staff, version: 3 });
    const anew = await environment.resultsAfterChanges(direct, 'made anew', 3);
    assert.notDeepStrictEqual(anew, deleted);
    await stage.comesTo(reader, anew);
  });

  test(`${sdk.title}: sees another data set`, async (t) => {
    const { stage, environment, direct, reader, before } = await start(t, sdk);
    environment.source.putAll(dataSet(sdk, { seed: 3, flagCount: 20, version: 2 }));
    const expected = await environment.resultsAfterChanges(direct, 'another data set', 3);
    assert.notDeepStrictEqual(expected, before);
    await stage.comesTo(reader, expected);
  });

  test(`${sdk.title}: sees an older data set of a restarted Relay Proxy`, async (t) => {
    const newer = dataSet(sdk, { seed: 3, version: 5 });
    const { stage, environment, relay, direct, reader, before } = await start(t, sdk, newer);
    await relay.close();
    environment.source.putAll(dataSet(sdk));
    const expected = await environment.resultsAfterChanges(direct, 'older', 2);
    assert.notDeepStrictEqual(expected, before);
    await stage.startRelay();
    await stage.comesTo(reader, expected);
    assert.deepStrictEqual(await stage.results(await environment.reader()), expected);
  });
}
