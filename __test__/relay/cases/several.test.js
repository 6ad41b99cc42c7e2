'use strict';

/** Several Relay Proxies, and several environments, in one table. */

const assert = require('node:assert');
const { test } = require('node:test');

const { dataSet } = require('../data');
const { SDKS, relayStages } = require('../relay-stage');

const newStage = relayStages();

for (const sdk of SDKS) {
  test(`${sdk.title}: two Relay Proxies write the same environment`, async (t) => {
    const stage = await newStage(t, sdk);
    const environment = stage.environment({ prefix: 'production' });
    const [first] = await Promise.all([stage.startRelay(), stage.startRelay()]);
    await environment.written();
    const [direct, reader] = [await environment.direct(), await environment.reader()];
    const before = await stage.results(direct);
    await stage.comesTo(reader, before);

    const { flags } = dataSet(sdk, { seed: 2, version: 2 });
    environment.source.patchFlags(Object.values(flags));
    environment.source.deleteFlag('plain', 3);
    const patched = await environment.resultsAfterChanges(direct, 'patched', 3);
    assert.notDeepStrictEqual(patched, before);
    await stage.comesTo(reader, patched);

    environment.source.putAll(dataSet(sdk, { seed: 3, version: 4 }));
    const replaced = await environment.resultsAfterChanges(direct, 'replaced', 5);
    assert.notDeepStrictEqual(replaced, patched);
    await stage.comesTo(reader, replaced);

    await first.close();
    environment.source.deleteFlag('plain', 6);
    const alone = await environment.resultsAfterChanges(direct, 'of the second alone', 6);
    assert.notDeepStrictEqual(alone, replaced);
    await stage.comesTo(reader, alone);
  });

  test(`${sdk.title}: two environments have prefixes in one table`, async (t) => {
    const stage = await newStage(t, sdk);
    const production = stage.environment({ name: 'production', prefix: 'production' });
    const data = dataSet(sdk, { seed: 2 });
    const staging = stage.environment({ name: 'staging', prefix: 'staging', data });
    await stage.startRelay();
    await production.written();
    await staging.written();
    const [directs, readers] = [[], []];
    for (const environment of [production, staging]) {
      directs.push(await environment.direct());
      readers.push(await environment.reader());
    }
    const expected = await Promise.all(directs.map((direct) => stage.results(direct)));
    assert.notDeepStrictEqual(expected[0], expected[1]);
    for (const index of [0, 1]) await stage.comesTo(readers[index], expected[index]);

    production.source.deleteFlag('plain', 2);
    production.source.deleteSegment('staff', 2);
    const changed = await production.resultsAfterChanges(directs[0], 'of production', 2);
    await stage.comesTo(readers[0], changed);
    assert.deepStrictEqual(await stage.results(readers[1]), expected[1]);
    staging.source.putAll(dataSet(sdk, { seed: 3, version: 2 }));
    const replaced = await staging.resultsAfterChanges(directs[1], 'of staging', 3);
    await stage.comesTo(readers[1], replaced);
    assert.deepStrictEqual(await stage.results(readers[0]), changed);
  });
}
