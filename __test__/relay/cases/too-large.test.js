'use strict';

/** Flags that the Relay Proxy doesn't write, because DynamoDB takes no more than 400 KB. */

const assert = require('node:assert');
const { test } = require('node:test');

const { flag } = require('../../../demo/flag');
const { DEFAULT, NO_SUCH_FLAG } = require('../../support/flags');
const { SDKS, relayStages } = require('../relay-stage');

const newStage = relayStages();

const LARGE = 'x'.repeat(400_000);
const large = (version) => flag('large', { version, variations: [LARGE, ''] });
const small = (version) => flag('large', { version, variations: ['small', ''] });
const dependent = flag('dependent', { prerequisites: [{ key: 'large', variation: 0 }] });

for (const sdk of SDKS) {
  test(`${sdk.title}: a flag that is too large for the table`, async (t) => {
    const stage = await newStage(t, sdk);
    const withFlag = (item) => {
      const { flags, segments } = stage.data;
      return { flags: { ...flags, dependent, large: item }, segments };
    };
    const environment = stage.environment({ data: withFlag(large(1)) });
    const relay = await stage.startRelay();
    await environment.written();
    const [direct, reader] = [await environment.direct(), await environment.reader()];
    const subject = stage.inner.subject('joe');

    // It is unknown, what needs it is off, and all others are as they should be.
    assert.strictEqual(await stage.inner.value(direct, 'large'), LARGE);
    const detail = await reader.variationDetail('large', subject, DEFAULT);
    assert.deepStrictEqual([detail.value, detail.reason], [DEFAULT, NO_SUCH_FLAG]);
    const { reason } = await reader.variationDetail('dependent', subject, DEFAULT);
    assert.deepStrictEqual(reason, { kind: 'PREREQUISITE_FAILED', prerequisiteKey: 'large' });
    assert.deepStrictEqual(await stage.results(reader), await stage.results(direct));
    assert.match(relay.log(), /The item "features" in "large" was too large/);

    environment.source.patchFlag(small(2));
    await stage.inner.sees(reader, 'small', 'large');
    assert.strictEqual(await stage.inner.value(reader, 'dependent'), true);

    // A patch that is too large leaves the version before it.
    environment.source.patchFlag(large(3));
    await stage.comesTo(reader, await environment.resultsAfterChanges(direct, 'patched', 3));
    assert.strictEqual(await stage.inner.value(reader, 'large'), 'small');

    // A data set in which it is too large deletes that.
    environment.source.putAll(withFlag(large(4)));
    await stage.inner.sees(reader, DEFAULT, 'large');
    await stage.comesTo(reader, await environment.resultsAfterChanges(direct, 'replaced', 5));
  });
}
