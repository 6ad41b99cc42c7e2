'use strict';

/** Big segments that the Relay Proxy brings from LaunchDarkly into the table. */

const assert = require('node:assert');
const { test } = require('node:test');

const { byKey } = require('../../../demo/flag');
const { hashOf } = require('../../support/big-segments');
const { DEFAULT, clauseFlag, inSegment } = require('../../support/flags');
const { SHORT_TTL, ready } = require('../../support/stage');
const { waitFor } = require('../../support/wait');
const { SDKS, relayStages } = require('../relay-stage');

const newStage = relayStages();

const DATA = {
  flags: byKey(clauseFlag('f', inSegment('big'))),
  segments: byKey({ key: 'big', version: 1, unbounded: true, generation: 2, rules: [] }),
};
const REFERENCE = 'big.g2';
/** Seconds. SDKs 8 and 9 keep a membership for this long after its last use, so asking keeps it. */
const AS_GOOD_AS_NONE = 0.001;

for (const sdk of SDKS.filter(({ bigSegments }) => bigSegments)) {
  for (const prefix of [undefined, 'staging']) {
    test(`${sdk.title}: sees members of a big segment come and go, prefix ${prefix}`, async (t) => {
      const stage = await newStage(t, sdk);
      const { source } = stage.environment({ data: DATA, prefix });
      const [ada, ben, eve, joe] = ['ada', 'ben', 'eve', 'joe'].map(hashOf);
      source.changeMembers(REFERENCE, { included: { add: [ada] }, excluded: { add: [ben] } });
      source.changeMembers(REFERENCE, { included: { add: [eve] } });
      source.changeMembers('other.g2', { included: { add: [joe] } });
      const relay = await stage.startRelay();
      const name = prefix ? `${prefix}:big_segments_metadata` : 'big_segments_metadata';
      const { scene } = stage.inner;
      const metadata = () => scene.row(name, name);
      await waitFor(async () => (await metadata())?.synchronizedOn, 'members');

      const store = scene.bigSegmentStore({ prefix });
      const bigSegments = { store, statusPollInterval: 0.05, userCacheTime: AS_GOOD_AS_NONE };
      const featureStore = scene.value({ prefix, cacheTTL: SHORT_TTL });
      const client = await ready(stage.inner.client(featureStore, { useLdd: true, bigSegments }));
      for (const [person, value] of Object.entries({
        ada: true,
        ben: false,
        eve: true,
        joe: false,
      })) {
        const detail = await client.variationDetail('f', stage.inner.subject(person), DEFAULT);
        const found = [detail.value, detail.reason.bigSegmentsStatus];
        assert.deepStrictEqual(found, [value, 'HEALTHY'], person);
      }

      source.changeMembers(REFERENCE, { included: { add: [joe], remove: [ada] } });
      await stage.inner.sees(client, true, 'f', 'joe');
      await stage.inner.sees(client, false, 'f', 'ada');
      // Who is included and excluded is a member.
      source.changeMembers(REFERENCE, { included: { add: [ben] } });
      await stage.inner.sees(client, true, 'f', 'ben');
      source.changeMembers(REFERENCE, { included: { remove: [ben] } });
      await stage.inner.sees(client, false, 'f', 'ben');

      // The Relay Proxy writes how far it has come after the members.
      await waitFor(async () => (await metadata()).lastVersion?.S === '6', 'revision 6');
      await relay.close();
      source.changeMembers(REFERENCE, { included: { add: [ada], remove: [joe, eve] } });
      await stage.startRelay();
      await stage.inner.sees(client, true, 'f', 'ada');
      await stage.inner.sees(client, false, 'f', 'joe');
      await stage.inner.sees(client, false, 'f', 'eve');
      assert.ok(source.cursors.includes('6'), 'it goes on from where it was');
    });
  }
}
