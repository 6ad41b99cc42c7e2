'use strict';

/** DynamoDB refuses connections for five seconds, of the Relay Proxy and of daemon readers. */

const assert = require('node:assert');
const { test } = require('node:test');

const { SDKS, relayStages } = require('../relay-stage');

const newStage = relayStages();

const OUTAGE_MS = 5000;

for (const sdk of SDKS) {
  test(`${sdk.title}: no evaluation changes while DynamoDB is away`, async (t) => {
    const stage = await newStage(t, sdk, { mayLog: true });
    const environment = stage.environment();
    await stage.startRelay();
    await environment.written();
    const [direct, reader] = [await environment.direct(), await environment.reader()];
    const before = await stage.results(direct);
    assert.deepStrictEqual(await stage.results(reader), before);

    const proxies = [stage.proxy, stage.inner.scene.proxy];
    for (const proxy of proxies) await proxy.leave();
    const end = Date.now() + OUTAGE_MS;
    const expected = await environment.resultsAfterChanges(direct, 'changed meanwhile', 2);
    assert.notDeepStrictEqual(expected, before);
    while (Date.now() < end) assert.deepStrictEqual(await stage.results(reader), before);
    for (const proxy of proxies) await proxy.comeBack();
    await stage.comesTo(reader, expected);
  });
}
