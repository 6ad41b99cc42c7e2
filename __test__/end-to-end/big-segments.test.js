'use strict';

/**
 * Flags for big segments, whose members the SDK asks the big segment store for.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { hashOf, membershipRow, metadataRow } = require('../support/big-segments');
const { answerWith, rejection } = require('../support/faults');
const { waitFor } = require('../support/wait');
const { DEFAULT, clauseFlag, flag, inSegment } = require('../support/flags');
const { SDKS } = require('../support/sdks');
const { ready, stages } = require('../support/stage');

const newStage = stages();

const DATA = {
  features: { f: clauseFlag('f', inSegment('big')), plain: flag('plain') },
  segments: { big: { key: 'big', version: 1, unbounded: true, generation: 2, rules: [] } },
};
const REFERENCE = 'big.g2';
/** Seconds; SDKs look at how new the data is this often. */
const POLL = 0.05;
/** Seconds. SDK 8 and 9 keep a membership for this long after its last use, so asking keeps it. */
const AS_GOOD_AS_NONE = 0.001;

/** A client in daemon mode with a big segment store, ready. */
async function bigSegmentClient(stage, prefix) {
  const store = stage.scene.bigSegmentStore({ prefix });
  const bigSegments = { store, statusPollInterval: POLL, userCacheTime: AS_GOOD_AS_NONE };
  const featureStore = stage.scene.value({ prefix });
  return ready(stage.client(featureStore, { useLdd: true, bigSegments }));
}

for (const sdk of SDKS.filter(({ bigSegments, cached }) => bigSegments && cached)) {
  for (const prefix of [undefined, 'production']) {
    test(`${sdk.title}: evaluates for members of a big segment, prefix ${prefix}`, async (t) => {
      const stage = await newStage(t, sdk);
      const writer = stage.scene.open({ prefix });
      await writer.init(DATA);
      await stage.scene.put(
        metadataRow(Date.now(), prefix),
        membershipRow(hashOf('ada'), { included: [REFERENCE] }, prefix),
        membershipRow(hashOf('ben'), { excluded: [REFERENCE] }, prefix),
        membershipRow(hashOf('eve'), { included: ['big.g1', 'other.g2'] }, prefix)
      );
      const client = await bigSegmentClient(stage, prefix);
      for (const [person, value] of Object.entries({
        ada: true,
        ben: false,
        eve: false,
        joe: false,
      })) {
        const detail = await client.variationDetail('f', stage.subject(person), DEFAULT);
        assert.deepStrictEqual([detail.value, detail.reason.bigSegmentsStatus], [value, 'HEALTHY']);
      }
      const { reason } = await client.variationDetail('plain', stage.subject('ada'), DEFAULT);
      assert.strictEqual(reason.bigSegmentsStatus, undefined);
    });
  }

  test(`${sdk.title}: sees a membership that changes`, async (t) => {
    const stage = await newStage(t, sdk);
    await stage.scene.open().init(DATA);
    await stage.scene.put(metadataRow(Date.now()));
    const client = await bigSegmentClient(stage);
    assert.strictEqual(await stage.value(client, 'f', 'ada'), false);
    await stage.scene.put(membershipRow(hashOf('ada'), { included: [REFERENCE] }));
    await stage.sees(client, true, 'f', 'ada');
    await stage.scene.put(membershipRow(hashOf('ada'), { excluded: [REFERENCE] }));
    await stage.sees(client, false, 'f', 'ada');
  });

  test(`${sdk.title}: reports whether big segments are up to date and available`, async (t) => {
    const stage = await newStage(t, sdk);
    await stage.scene.open().init(DATA);
    await stage.scene.put(membershipRow(hashOf('ada'), { included: [REFERENCE] }));
    const client = await bigSegmentClient(stage);
    const provider = client.bigSegmentStoreStatusProvider;
    const statusIs = (available, stale) =>
      waitFor(() => {
        const status = provider.getStatus();
        return status && status.available === available && status.stale === stale;
      }, `available: ${available}, stale: ${stale}`);
    const seen = [];
    provider.on('change', ({ available, stale }) => seen.push([available, stale]));

    // Nobody has said how new they are.
    const first = await client.variationDetail('f', stage.subject('ada'), DEFAULT);
    assert.deepStrictEqual([first.value, first.reason.bigSegmentsStatus], [true, 'STALE']);
    await statusIs(true, true);
    await stage.scene.put(metadataRow(Date.now()));
    await statusIs(true, false);
    stage.scene.proxy.intercept((request) =>
      JSON.stringify(request.body).includes('big_segments')
        ? answerWith(rejection())(request)
        : undefined
    );
    await statusIs(false, false);
    const failed = await client.variationDetail('f', stage.subject('ben'), DEFAULT);
    assert.deepStrictEqual([failed.value, failed.reason.bigSegmentsStatus], [false, 'STORE_ERROR']);
    assert.ok(stage.logger.linesWith('DynamoDBBigSegmentStore [REFUSED]', ': reading').length > 0);
    stage.scene.proxy.intercept(undefined);
    await statusIs(true, false);
    // The SDK asks again before it has its answer, so on a busy machine an older one may come in between.
    const reported = seen.map(String);
    for (const status of ['true,false', 'false,false', 'true,false']) {
      const at = reported.indexOf(status);
      assert.ok(at >= 0, `${status} among ${JSON.stringify(seen)}`);
      reported.splice(0, at + 1);
    }
  });
}
