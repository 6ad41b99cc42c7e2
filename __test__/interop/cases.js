'use strict';

/**
 * One table, used by this store and by a LaunchDarkly SDK for another language, whose store is none of ours.
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
const { becomes, waitFor } = require('../support/wait');
const { byKey } = require('../../demo/flag');
const { findProgram } = require('./peer');

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

/**
 * Registers the tests with a language.
 *
 * @param {import('./peer').Language} language
 * @param {(tools: {newTable: Function, newPeer: Function, newStage: Function}) => void} [registerOwn] registers the
 *   tests of this language alone
 */
function testWith(language, registerOwn = () => {}) {
  const start = findProgram(language);
  if (start === undefined) {
    test(`what ${language.title} writes and reads`, { skip: `no ${language.title}` });
    return;
  }
  /** @type {import('./peer').Program} */
  let program;
  before(() => {
    program = start();
  });
  after(() => program.end());
  const { title } = language;

  /** Another process, for what happens at the same time. */
  function newProgram(t) {
    const another = start();
    t.after(() => another.end());
    return another;
  }

  async function newPeer(t, scene, prefix) {
    const other = await program.open(scene, prefix);
    t.after(() => other.close());
    return other;
  }

  /** A table with both on it. */
  async function newTable(t, prefix) {
    const scene = await newScene(t);
    const other = await newPeer(t, scene, prefix);
    return { scene, ours: scene.open({ ...UNCACHED, prefix }), other };
  }

  for (const prefix of PREFIXES) {
    test(`what ${title} initialises is read here, prefix ${prefix}`, async (t) => {
      const { scene, ours, other } = await newTable(t, prefix);
      assert.strictEqual(await ours.initialized(), false);
      await other.init(DATA);
      const { flags, segments } = await dataWritten(other);
      const cached = scene.open({ prefix, preload: true });
      for (const store of [ours, cached]) {
        assert.strictEqual(await store.initialized(), true);
        assert.deepStrictEqual(await store.all(FEATURES), flags);
        assert.deepStrictEqual(await store.all(SEGMENTS), segments);
        for (const key of Object.keys(FLAGS)) {
          assert.deepStrictEqual(await store.get(FEATURES, key), flags[key]);
        }
      }
      assert.strictEqual(await scene.open({ prefix: 'another' }).initialized(), false);
      assert.deepStrictEqual(scene.logger.lines, []);
    });

    test(`what is initialised here is read by ${title}, prefix ${prefix}`, async (t) => {
      const { ours, other } = await newTable(t, prefix);
      assert.strictEqual(await other.initialized(), false);
      await ours.init(DATA);
      const { flags, segments } = await dataWritten(other);
      assert.strictEqual(await other.initialized(), true);
      assert.deepStrictEqual(await other.all('features'), flags);
      assert.deepStrictEqual(await other.all('segments'), segments);
      for (const key of Object.keys(FLAGS)) {
        assert.deepStrictEqual(await other.get('features', key), flags[key]);
      }
    });

    test(`each replaces all data of the other, prefix ${prefix}`, async (t) => {
      const { ours, other } = await newTable(t, prefix);
      await other.init(DATA);
      await ours.init(OTHER_DATA);
      const { flags, segments } = await dataWritten(other);
      const otherFlags = await other.allWritten('features', OTHER_DATA.features);
      assert.deepStrictEqual(await other.all('features'), otherFlags);
      assert.deepStrictEqual(await other.all('segments'), {});
      await other.init(DATA);
      // For a while, what the other no longer has may be what a read has not come up with yet.
      await becomes(() => ours.all(FEATURES), flags);
      await becomes(() => ours.all(SEGMENTS), segments);
    });
  }

  test('of their updates the newest version wins, whoever wrote it', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const steps = [
      // Who writes, which version, and whether it replaces the one that is there.
      ['other', 1, true],
      ['ours', 3, true],
      ['other', 2, false],
      ['other', 3, false],
      ['other', 5, true],
      ['ours', 4, false],
      ['ours', 5, false],
      ['ours', 6, true],
    ];
    let expected;
    for (const [writer, version, wins] of steps) {
      const what = `version ${version} by ${writer}`;
      const item = await other.flag('f', { version, salt: what });
      if (writer === 'ours') await ours.upsert(FEATURES, item);
      else await other.upsert('features', item);
      if (wins) expected = item;
      assert.deepStrictEqual(await ours.get(FEATURES, 'f'), expected, what);
      assert.deepStrictEqual(await other.get('features', 'f'), expected, what);
    }
    assert.deepStrictEqual(scene.logger.lines, []);
  });

  test('what one deletes is gone for the other, until it comes with a newer version', async (t) => {
    const { ours, other } = await newTable(t);
    const item = (version) => other.flag('f', { version });
    await ours.init({ features: { f: await item(1) }, segments: {} });
    const gone = async (what) => {
      assert.strictEqual(await ours.get(FEATURES, 'f'), null, what);
      assert.deepStrictEqual(await ours.all(FEATURES), {}, what);
      assert.strictEqual(await other.get('features', 'f'), null, what);
      assert.deepStrictEqual(await other.all('features'), {}, what);
    };
    await other.delete('features', 'f', 3);
    await gone(`deleted by ${title}`);
    await ours.upsert(FEATURES, await item(3));
    await gone('a version that is not newer, by us');
    await ours.upsert(FEATURES, await item(4));
    assert.deepStrictEqual(await other.all('features'), { f: await item(4) });
    await ours.delete(FEATURES, 'f', 6);
    await gone('deleted by us');
    await other.upsert('features', await item(5));
    await gone(`an older version, by ${title}`);
    await other.upsert('features', await item(7));
    assert.deepStrictEqual(await ours.all(FEATURES), { f: await item(7) });
    // One that never was.
    await ours.delete(FEATURES, 'g', 2);
    await other.upsert('features', flag('g', { version: 2 }));
    assert.strictEqual(await other.get('features', 'g'), null);
    await other.delete('segments', 's', 2);
    await ours.upsert(SEGMENTS, { key: 's', version: 2 });
    assert.strictEqual(await ours.get(SEGMENTS, 's'), null);
  });

  test('odd numbers, text and members arrive as they were', async (t) => {
    const { ours, other } = await newTable(t);
    const item = (key) => other.flag(key, { ...ODD, variations: [ODD, ODD.text] });
    const expected = byKey(await item('ours'), await item('theirs'));
    assert.deepStrictEqual(expected.theirs.variations, [ODD, ODD.text]);
    await other.upsert('features', expected.theirs);
    await ours.upsert(FEATURES, expected.ours);
    assert.deepStrictEqual(await ours.all(FEATURES), expected);
    assert.deepStrictEqual(await other.all('features'), expected);
  });

  test('members are read in any order', async (t) => {
    const { scene, ours, other } = await newTable(t);
    await other.init(DATA);
    const { flags, segments } = await dataWritten(other);
    const written = await scene.rows();
    // What is the same in another order is nothing to write.
    await ours.init(reversed({ features: flags, segments }));
    assert.deepStrictEqual(await scene.rows(), written);
    for (const [namespace, items] of Object.entries({ features: flags, segments })) {
      for (const item of Object.values(items)) {
        await scene.put(itemRow(namespace, reversed(item)));
      }
    }
    assert.notDeepStrictEqual(await scene.rows(), written);
    for (const store of [ours, scene.open({ preload: true })]) {
      await becomes(() => store.all(FEATURES), flags);
      assert.deepStrictEqual(await store.all(SEGMENTS), segments);
    }
    assert.deepStrictEqual(await other.all('features'), flags);
    assert.deepStrictEqual(await other.all('segments'), segments);
  });

  test('more digits than numbers of JavaScript have are read like a literal', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const digits = '[9007199254740993,-9007199254740995]';
    const textOf = (item) => JSON.stringify(item).replace('"the digits"', digits);
    const item = (key) => other.flag(key, { variations: ['the digits', true] });
    await other.upsertText('features', textOf(await item('theirs')));
    const row = itemRow('features', await item('row'));
    await scene.put({ ...row, item: { S: textOf(await item('row')) } });
    for (const key of ['theirs', 'row']) {
      const expected = JSON.parse(textOf(await item(key)));
      assert.deepStrictEqual(await ours.get(FEATURES, key), expected, key);
      assert.deepStrictEqual(await other.get('features', key), expected, key);
    }
  });

  test('an item as long as may be is read by both', async (t) => {
    const { scene, ours, other } = await newTable(t);
    await ours.upsert(FEATURES, flag('ours', { salt: 'ü'.repeat(199_000) }));
    await other.upsert('features', flag('theirs', { salt: 's'.repeat(language.longestText) }));
    assert.strictEqual((await other.get('features', 'ours')).salt.length, 199_000);
    assert.strictEqual((await ours.get(FEATURES, 'theirs')).salt.length, language.longestText);
    assert.deepStrictEqual(Object.keys(await ours.all(FEATURES)).sort(), ['ours', 'theirs']);
    assert.deepStrictEqual(scene.logger.linesWith('error'), []);
  });

  test('a row without a version is read by both, and gives way to what is written here', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const item = (version) => other.flag('f', { version });
    await scene.put(itemRow('features', await item(8), { version: undefined }));
    assert.deepStrictEqual(await ours.get(FEATURES, 'f'), await item(8));
    assert.deepStrictEqual(await other.get('features', 'f'), await item(8));
    await ours.upsert(FEATURES, await item(9));
    await other.upsert('features', await item(10));
    assert.deepStrictEqual(await ours.get(FEATURES, 'f'), await item(10));
  });

  test('tombstones of other SDKs are none of the items that are read', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const live = await other.flag('live');
    await other.init({ features: { live }, segments: {} });
    const tombstone = { version: { N: '4' } };
    await scene.put(
      // The attribute, which other SDKs don't know.
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
    assert.deepStrictEqual(await ours.all(FEATURES), { live });
    for (const key of ['attribute', 'null', 'go']) {
      assert.strictEqual(await ours.get(FEATURES, key), null, key);
    }
    // Written by us, they are such that the other can read all flags.
    for (const key of ['attribute', 'null', 'go']) await ours.delete(FEATURES, key, 5);
    assert.deepStrictEqual(await other.all('features'), { live });
    assert.deepStrictEqual(await ours.all(FEATURES), { live });
  });

  for (const sdk of [SDK_7, SDK_9]) {
    for (const writer of [title, 'us']) {
      test(`${sdk.title}: evaluates as ${title} does what is written by ${writer}`, async (t) => {
        const stage = await newStage(t, sdk);
        const other = await newPeer(t, stage.scene);
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
        const theirs = await other.membership(hash, ['a.g1', 'b.g3', 'c.g4', 'Ünï.g2']);
        assert.deepStrictEqual({ ...membership }, theirs);
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

  test('of updates that both send at once, the newest version wins everywhere', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const keys = Array.from({ length: 200 }, (_, i) => `flag-${i}`);
    const versionsOf = (writer, keys) =>
      Promise.all(
        // Of half of the flags the newest version is ours.
        [1, 2, 3].flatMap((round) =>
          keys.map((key, i) => {
            const version = 2 * round + ((i % 2 === 0) === (writer === 'ours') ? 1 : 0);
            return other.flag(key, { version, salt: `version ${version} by ${writer}` });
          })
        )
      );
    const [fromUs, fromThem] = [await versionsOf('ours', keys), await versionsOf('theirs', keys)];
    await Promise.all([
      other.upsertAll('features', fromThem),
      ...fromUs.map((item) => ours.upsert(FEATURES, item)),
    ]);
    const newest = byKey(...[...fromUs, ...fromThem].filter(({ version }) => version === 7));
    assert.strictEqual(Object.keys(newest).length, keys.length);
    const cached = scene.open();
    for (const store of [ours, cached]) await becomes(() => store.all(FEATURES), newest);
    assert.deepStrictEqual(await other.all('features'), newest);
    const inTable = await Promise.all(keys.map((key) => scene.item('features', key)));
    assert.deepStrictEqual(byKey(...inTable), newest);
    assert.deepStrictEqual(scene.logger.lines, []);
  });

  test('while both initialise the table again and again, readers find it complete', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const reader = await newProgram(t).open(scene);
    const oursReading = scene.open(UNCACHED);
    const lasting = Object.keys(FLAGS);
    const round = (version) => {
      const passing = Array.from({ length: 30 }, (_, i) => flag(`passing-${version}-${i}`));
      const flags = lasting.map((key) => ({ ...FLAGS[key], version }));
      return { features: byKey(...flags, ...passing), segments: SEGMENTS_BY_KEY };
    };
    await other.init(round(1));
    const rounds = { written: 1, isOver: false };
    const reads = { ours: 0, theirs: 0 };
    /** Runs a part of the test, whose end, also by a failure, is the end of all. */
    const untilOver = async (run) => {
      try {
        await run();
      } finally {
        rounds.isOver = true;
      }
    };
    const read = async (name, store, kind) => {
      while (!rounds.isOver) {
        const known = rounds.written;
        assert.strictEqual(await store.initialized(), true, name);
        const found = await store.all(kind);
        assert.deepStrictEqual(
          lasting.filter((key) => !(found[key]?.version >= known)),
          [],
          `missing or old for ${name}`
        );
        assert.ok((await store.get(kind, 'plain')).version >= known, name);
        reads[name] += 1;
      }
    };
    const write = async () => {
      for (let version = 2; version <= 9 && !rounds.isOver; version += 1) {
        const writer = version % 2 === 0 ? ours : other;
        const earlier = { ...reads };
        await writer.init(round(version));
        rounds.written = version;
        const haveRead = () => reads.ours > earlier.ours && reads.theirs > earlier.theirs;
        await waitFor(() => rounds.isOver || haveRead(), 'both to have read');
      }
    };
    await Promise.all([
      untilOver(() => read('ours', oursReading, FEATURES)),
      untilOver(() => read('theirs', reader, 'features')),
      untilOver(write),
    ]);
    const left = Object.keys(await other.all('features')).filter((key) => /^passing/.test(key));
    assert.strictEqual(left.length, 30);
    await becomes(async () => Object.keys(await ours.all(FEATURES)).length, lasting.length + 30);
  });

  registerOwn({ newTable, newPeer, newStage });
}

/** What an SDK makes of all data. */
async function dataWritten(other) {
  return {
    flags: await other.allWritten('features', FLAGS),
    segments: await other.allWritten('segments', SEGMENTS_BY_KEY),
  };
}

/** Returns the same JSON, with the members of all objects in the opposite order. */
function reversed(value) {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, member]) => [name, reversed(member)]));
}

/** What both SDKs say of a reason. */
function known({ kind, ruleId, ruleIndex, prerequisiteKey, errorKind, inExperiment }) {
  return { kind, ruleId, ruleIndex, prerequisiteKey, errorKind, inExperiment };
}

module.exports = { testWith };
