'use strict';

/**
 * SDK clients that have no source but the table.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { FEATURES } = require('../support/data');
const {
  CASES,
  DEFAULT,
  FLAGS,
  NO_SUCH_FLAG,
  ORGANISATION,
  ORGANISATION_CASES,
  PEOPLE,
  asReturned,
  flag,
  withOrganisation,
} = require('../support/flags');
const { SDKS } = require('../support/sdks');
const { stages } = require('../support/stage');

const newStage = stages();

/** Fails unless the result has this value and reason, which may say more. */
function assertResult(result, value, reason, what) {
  const given = Object.fromEntries(
    Object.keys(reason).map((member) => [member, result.reason[member]])
  );
  assert.deepStrictEqual([result.value, given], [value, reason], what);
}

for (const sdk of SDKS) {
  test(`${sdk.title}: evaluates every kind of flag`, async (t) => {
    const stage = await newStage(t, sdk);
    await stage.write();
    const client = await stage.daemonClient(stage.scene.value());
    for (const [key, person, value, reason] of CASES) {
      const result = await client.variationDetail(key, stage.subject(person), DEFAULT);
      const given = asReturned(sdk, value);
      assertResult(result, given, reason, `${key} for ${person}`);
      assert.deepStrictEqual(await stage.value(client, key, person), given);
    }
  });

  test(`${sdk.title}: the state of all flags is that of an in-memory store`, async (t) => {
    const stage = await newStage(t, sdk);
    await stage.write();
    const client = await stage.daemonClient();
    const other = await stage.inMemoryClient();
    for (const person of Object.keys(PEOPLE)) {
      const [state, expected] = await Promise.all(
        [client, other].map((each) =>
          each.allFlagsState(stage.subject(person), { withReasons: true })
        )
      );
      assert.strictEqual(state.valid, true);
      assert.deepStrictEqual(state.toJSON(), expected.toJSON());
      assert.deepStrictEqual(Object.keys(state.allValues()).sort(), Object.keys(FLAGS).sort());
      if (sdk.allFlags) {
        const values = await client.allFlags(stage.subject(person));
        assert.deepStrictEqual(values, expected.allValues());
      }
    }
  });

  test(`${sdk.title}: evaluates many flags at the same time`, async (t) => {
    const stage = await newStage(t, sdk);
    await stage.write();
    const client = await stage.daemonClient();
    const values = await Promise.all(
      CASES.map(([key, person]) => stage.value(client, key, person))
    );
    assert.deepStrictEqual(
      values,
      CASES.map(([, , value]) => asReturned(sdk, value))
    );
  });

  test(`${sdk.title}: sees a flag that is written later, changed and deleted`, async (t) => {
    const stage = await newStage(t, sdk);
    await stage.write();
    const client = await stage.daemonClient();
    const writer = stage.scene.open();
    assert.strictEqual(await stage.value(client, 'late'), DEFAULT);
    await writer.upsert(FEATURES, flag('late'));
    await stage.sees(client, true, 'late');
    await writer.upsert(FEATURES, flag('late', { version: 2, on: false }));
    await stage.sees(client, false, 'late');
    await writer.delete(FEATURES, 'late', 3);
    await stage.sees(client, DEFAULT, 'late');
    const { reason } = await client.variationDetail('late', stage.subject('joe'), DEFAULT);
    assert.deepStrictEqual(reason, NO_SUCH_FLAG);
  });

  if (sdk.contexts) {
    test(`${sdk.title}: evaluates for contexts of several kinds`, async (t) => {
      const stage = await newStage(t, sdk);
      await stage.write();
      const client = await stage.daemonClient();
      const context = withOrganisation(sdk, PEOPLE.ada, ORGANISATION);
      for (const [key, value, reason] of ORGANISATION_CASES) {
        const result = await client.variationDetail(key, context, DEFAULT);
        assertResult(result, value, reason, key);
      }
    });
  }
}
