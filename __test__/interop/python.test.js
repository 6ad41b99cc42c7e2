'use strict';

/**
 * One table, used by this store and by LaunchDarkly's SDK for Python, whose store is none of ours.
 */

const assert = require('node:assert');
const { after, before, test } = require('node:test');

const {
  CASES,
  DEFAULT,
  FLAGS,
  ORGANISATION,
  ORGANISATION_CASES,
  PEOPLE,
  SEGMENTS: SEGMENTS_BY_KEY,
  flag,
  withOrganisation,
} = require('../support/flags');
const { sdkNamed } = require('../support/sdks');
const { stages } = require('../support/stage');
const { hashOf, membershipRow, metadataRow } = require('../support/big-segments');
const { FEATURES, SEGMENTS, itemRow } = require('../support/data');
const { scenes } = require('../support/scene');
const { becomes } = require('../support/wait');
const { Python, python } = require('./peer');

const newScene = scenes();
const newStage = stages();

const SDK_7 = sdkNamed('launchdarkly-node-server-sdk-7');
const SDK_9 = sdkNamed('node-server-sdk-9');
const DATA = { features: FLAGS, segments: SEGMENTS_BY_KEY };
const OTHER_DATA = { features: { other: flag('other') }, segments: {} };
const PREFIXES = [undefined, 'production'];
/** Any read is to see what the other side has just written. */
const UNCACHED = { cacheTTL: 0 };

/** Numbers at the ends of what JSON texts have, and text that is not easily written. */
const ODD = {
  numbers: [0, -0.1, 1e21, 1.7976931348623157e308, 5e-324, -1e-7, 2 ** 53, 123456789.125],
  text: 'Grüße, 世界 🚀 e\u0301 \u0001\u001f\u007f\u2028 \\ " / </script>',
  'a member with ünusual name': { '': [null, true, {}, []] },
};

if (python === undefined) {
  test('what Python writes and reads', { skip: 'no Python' });
} else {
  runAll();
}

function runAll() {
  /** @type {Python} */
  let program;
  before(() => {
    program = new Python(python);
  });
  after(() => program.end());

  /** A table with both on it. */
  async function newTable(t, prefix) {
    const scene = await newScene(t);
    const other = await program.open(scene, prefix);
    t.after(() => other.close());
    return { scene, ours: scene.open({ ...UNCACHED, prefix }), other };
  }

  for (const prefix of PREFIXES) {
    test(`what Python initialises is read here, prefix ${prefix}`, async (t) => {
      const { scene, ours, other } = await newTable(t, prefix);
      assert.strictEqual(await ours.initialized(), false);
      await other.init(DATA);
      const cached = scene.open({ prefix, preload: true });
      for (const store of [ours, cached]) {
        assert.strictEqual(await store.initialized(), true);
        assert.deepStrictEqual(await store.all(FEATURES), FLAGS);
        assert.deepStrictEqual(await store.all(SEGMENTS), SEGMENTS_BY_KEY);
        for (const key of Object.keys(FLAGS)) {
          assert.deepStrictEqual(await store.get(FEATURES, key), FLAGS[key]);
        }
      }
      assert.strictEqual(await scene.open({ prefix: 'another' }).initialized(), false);
      assert.deepStrictEqual(scene.logger.lines, []);
    });

    test(`what is initialised here is read by Python, prefix ${prefix}`, async (t) => {
      const { ours, other } = await newTable(t, prefix);
      assert.strictEqual(await other.initialized(), false);
      await ours.init(DATA);
      assert.strictEqual(await other.initialized(), true);
      assert.deepStrictEqual(await other.all('features'), FLAGS);
      assert.deepStrictEqual(await other.all('segments'), SEGMENTS_BY_KEY);
      for (const key of Object.keys(FLAGS)) {
        assert.deepStrictEqual(await other.get('features', key), FLAGS[key]);
      }
    });

    test(`each replaces all data of the other, prefix ${prefix}`, async (t) => {
      const { ours, other } = await newTable(t, prefix);
      await other.init(DATA);
      await ours.init(OTHER_DATA);
      assert.deepStrictEqual(await other.all('features'), OTHER_DATA.features);
      assert.deepStrictEqual(await other.all('segments'), {});
      await other.init(DATA);
      // For a while, what the other no longer has may be what a read has not come up with yet.
      await becomes(() => ours.all(FEATURES), FLAGS);
      await becomes(() => ours.all(SEGMENTS), SEGMENTS_BY_KEY);
    });
  }

  test('of their updates the newest version wins, whoever wrote it', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const versions = (version) => ({ by: `version ${version}`, version });
    const steps = [
      // Who writes, which version, and which one is there afterwards.
      ['other', 1, 1],
      ['ours', 3, 3],
      ['other', 2, 3],
      ['other', 3, 3],
      ['other', 5, 5],
      ['ours', 4, 5],
      ['ours', 5, 5],
      ['ours', 6, 6],
    ];
    for (const [writer, version, expected] of steps) {
      const item = flag('f', versions(version));
      if (writer === 'ours') await ours.upsert(FEATURES, item);
      else await other.upsert('features', item);
      const what = `version ${version} by ${writer}`;
      assert.deepStrictEqual(await ours.get(FEATURES, 'f'), flag('f', versions(expected)), what);
      assert.deepStrictEqual(await other.get('features', 'f'), flag('f', versions(expected)), what);
    }
    assert.deepStrictEqual(scene.logger.lines, []);
  });

  test('what one deletes is gone for the other, until it comes with a newer version', async (t) => {
    const { ours, other } = await newTable(t);
    const item = (version) => flag('f', { version });
    await ours.init({ features: { f: item(1) }, segments: {} });
    const gone = async (what) => {
      assert.strictEqual(await ours.get(FEATURES, 'f'), null, what);
      assert.deepStrictEqual(await ours.all(FEATURES), {}, what);
      assert.strictEqual(await other.get('features', 'f'), null, what);
      assert.deepStrictEqual(await other.all('features'), {}, what);
    };
    await other.delete('features', 'f', 3);
    await gone('deleted by Python');
    await ours.upsert(FEATURES, item(3));
    await gone('a version that is not newer, by us');
    await ours.upsert(FEATURES, item(4));
    assert.deepStrictEqual(await other.all('features'), { f: item(4) });
    await ours.delete(FEATURES, 'f', 6);
    await gone('deleted by us');
    await other.upsert('features', item(5));
    await gone('an older version, by Python');
    await other.upsert('features', item(7));
    assert.deepStrictEqual(await ours.all(FEATURES), { f: item(7) });
    // One that never was.
    await ours.delete(FEATURES, 'g', 2);
    await other.upsert('features', flag('g', { version: 2 }));
    assert.strictEqual(await other.get('features', 'g'), null);
    await other.delete('segments', 's', 2);
    await ours.upsert(SEGMENTS, { key: 's', version: 2 });
    assert.strictEqual(await ours.get(SEGMENTS, 's'), null);
  });

  test('odd numbers, text and members arrive as they were', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const item = (key) => flag(key, { ...ODD, variations: [ODD, ODD.text] });
    await other.upsert('features', item('theirs'));
    await ours.upsert(FEATURES, item('ours'));
    assert.deepStrictEqual(await ours.all(FEATURES), {
      ours: item('ours'),
      theirs: item('theirs'),
    });
    assert.deepStrictEqual(await other.all('features'), {
      ours: item('ours'),
      theirs: item('theirs'),
    });
    // More digits than JavaScript's numbers have are read like a literal, and stay in the table.
    const members = JSON.stringify(flag('long')).slice(1);
    await other.upsertText(
      'features',
      `{"digits":[9007199254740993,-18446744073709551615],${members}`
    );
    const { digits } = await ours.get(FEATURES, 'long');
    assert.deepStrictEqual(digits, [9007199254740992, -18446744073709552000]);
    assert.ok((await scene.row('features', 'long')).item.S.includes('9007199254740993'));
  });

  test('an item as long as may be is read by both', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const long = (key, length) => flag(key, { salt: 'ü'.repeat(length / 2) });
    await ours.upsert(FEATURES, long('ours', 398_000));
    const theirs = long('theirs', 380_000);
    // Python writes two characters more for each, and doesn't mind the common limit.
    await other.upsert('features', { ...theirs, salt: 's'.repeat(405_000) });
    assert.strictEqual((await other.get('features', 'ours')).salt.length, 199_000);
    assert.strictEqual((await ours.get(FEATURES, 'theirs')).salt.length, 405_000);
    assert.deepStrictEqual(Object.keys(await ours.all(FEATURES)).sort(), ['ours', 'theirs']);
    assert.deepStrictEqual(scene.logger.linesWith('error'), []);
  });

  test('a row without a version is read by both, and gives way to what is written here', async (t) => {
    const { scene, ours, other } = await newTable(t);
    await scene.put(itemRow('features', flag('f', { version: 8 }), { version: undefined }));
    assert.deepStrictEqual(await ours.get(FEATURES, 'f'), flag('f', { version: 8 }));
    assert.deepStrictEqual(await other.get('features', 'f'), flag('f', { version: 8 }));
    await ours.upsert(FEATURES, flag('f', { version: 9 }));
    await other.upsert('features', flag('f', { version: 10 }));
    assert.deepStrictEqual(await ours.get(FEATURES, 'f'), flag('f', { version: 10 }));
  });

  test('tombstones of other SDKs are none of the items that are read', async (t) => {
    const { scene, ours, other } = await newTable(t);
    await other.init({ features: { live: flag('live') }, segments: {} });
    const tombstone = { version: { N: '4' } };
    await scene.put(
      // The attribute, which Python doesn't know.
      itemRow('features', flag('attribute'), { deleted: { BOOL: true } }),
      // Java and .NET
      itemRow('features', { key: 'null', version: 4 }, { ...tombstone, item: { S: 'null' } }),
      // Go and the Relay Proxy
      itemRow(
        'features',
        { key: 'go', version: 4 },
        {
          ...tombstone,
          item: { S: JSON.stringify(flag('$deleted', { version: 4, deleted: true })) },
        }
      )
    );
    assert.deepStrictEqual(await ours.all(FEATURES), { live: flag('live') });
    for (const key of ['attribute', 'null', 'go']) {
      assert.strictEqual(await ours.get(FEATURES, key), null, key);
    }
    // Written by us, they are such that Python can read all flags.
    for (const key of ['attribute', 'null', 'go']) await ours.delete(FEATURES, key, 5);
    assert.deepStrictEqual(await other.all('features'), { live: flag('live') });
    assert.deepStrictEqual(await ours.all(FEATURES), { live: flag('live') });
  });

  for (const sdk of [SDK_7, SDK_9]) {
    for (const writer of ['Python', 'us']) {
      test(`${sdk.title}: evaluates as Python does what is written by ${writer}`, async (t) => {
        const stage = await newStage(t, sdk);
        const other = await program.open(stage.scene);
        t.after(() => other.close());
        if (writer === 'us') await stage.write(DATA);
        else await other.init(DATA);
        const client = await stage.daemonClient();
        const contexts = [
          ...CASES.map(([key, person]) => [key, stage.subject(person)]),
          ...ORGANISATION_CASES.map(([key]) => [
            key,
            withOrganisation(sdk, PEOPLE.ada, ORGANISATION),
          ]),
        ];
        for (const [key, context] of contexts) {
          const { value, reason } = await client.variationDetail(key, context, DEFAULT);
          const theirs = await other.evaluate(key, context, DEFAULT);
          assert.deepStrictEqual([value, known(reason)], [theirs[0], known(theirs[1])], key);
        }
      });
    }
  }

  test('both find the same big segments', async (t) => {
    for (const prefix of PREFIXES) {
      const { scene, other } = await newTable(t, prefix);
      const ours = scene.bigSegmentStore({ prefix });
      const same = async (hash) => {
        const membership = await ours.getUserMembership(hash);
        assert.deepStrictEqual(membership && { ...membership }, await other.membership(hash));
        const { lastUpToDate = null } = await ours.getMetadata();
        assert.strictEqual(lastUpToDate, await other.lastUpToDate());
        return membership;
      };
      assert.strictEqual(await same(hashOf('ada')), null);
      const references = { included: ['a.g1', 'Ünï.g2'], excluded: ['a.g1', 'b.g3'] };
      await scene.put(
        metadataRow(1_700_000_000_123, prefix),
        membershipRow(hashOf('ada'), references, prefix)
      );
      const expected = { 'a.g1': true, 'b.g3': false, 'Ünï.g2': true };
      assert.deepStrictEqual({ ...(await same(hashOf('ada'))) }, expected);
      assert.strictEqual(await same(hashOf('ben')), null);
    }
  });
}

/** What both SDKs say of a reason. */
function known({ kind, ruleId, ruleIndex, prerequisiteKey, errorKind, inExperiment }) {
  return { kind, ruleId, ruleIndex, prerequisiteKey, errorKind, inExperiment };
}
