'use strict';

/**
 * The store's own codec for the items of SDK 8 and 9: it gives the same as the SDK's, and is used only where it does.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { isDeepStrictEqual } = require('node:util');

const { newCodec } = require('../../../lib/sdk/codec');
const { sdkCodec } = require('../../../lib/sdk/sdk-codec');
const { FORM } = require('../../../lib/store/contract');
const { itemInForm } = require('../../../lib/native/addon');
const { OPERATORS, generate } = require('../../end-to-end/generated');
const { changesOf } = require('../../support/changed-sdks');
const { withOwnCodec } = require('../../support/codecs');
const { randomNumbers } = require('../../support/faults');
const { OddItems } = require('../../support/odd-items');
const { processingSdks } = require('../../support/sdks');

const KINDS = /** @type {const} */ (['features', 'segments']);
const OWN = { features: FORM.text, segments: FORM.text };
const ODD_ITEMS = 1000;
/** Numbers of items that are too few for the comparison, and surely enough. */
const [FEW, MANY] = [30, 1000];
const INSTALLED = path.join(__dirname, '..', '..', 'sdk-suites', 'v8-v9', 'node_modules');
/** Which form the store uses with each SDK; `text` if the SDK's own codec reads the items. */
const FORMS = {
  'node-server-sdk-8.0': OWN,
  'node-server-sdk-8': { features: FORM.noNulls, segments: FORM.noNulls },
  'node-server-sdk-9.0': { features: FORM.noNulls, segments: FORM.noNulls },
  'node-server-sdk-9': { features: FORM.noNullsButVariations, segments: FORM.noNulls },
};

function preparedCodec({ PersistentDataStoreWrapper }) {
  const codec = newCodec(PersistentDataStoreWrapper);
  codec.prepare();
  return codec;
}

function formsOf(codec) {
  return Object.fromEntries(KINDS.map((namespace) => [namespace, codec.form(namespace)]));
}

/** Reads an item as the store does. */
function read(codec, namespace, json) {
  return codec.revive(namespace, JSON.parse(itemInForm(json, codec.form(namespace))));
}

/** @returns {{value?: any, failed: boolean}} */
function outcome(action) {
  try {
    return { value: action(), failed: false };
  } catch (_) {
    return { failed: true };
  }
}

for (const sdk of processingSdks()) {
  const { PersistentDataStoreWrapper } = sdk.LaunchDarkly;

  test(`${sdk.title}: the store uses its codec if that gives the same`, () => {
    assert.deepStrictEqual(formsOf(preparedCodec(sdk.LaunchDarkly)), FORMS[sdk.alias]);
    const own = preparedCodec(withOwnCodec(sdk.LaunchDarkly));
    assert.deepStrictEqual(formsOf(own), OWN);
    assert.strictEqual(own.form('metrics'), FORM.json);
  });

  test(`${sdk.title}: the comparison waits for many items, read or written`, () => {
    const json = '{"key":"k","version":1}';
    for (const convert of [
      (codec) => read(codec, 'features', json),
      (codec) => codec.serialize('segments', { key: 'k', version: 1 }),
    ]) {
      const codec = newCodec(PersistentDataStoreWrapper);
      for (let count = 0; count < FEW; count += 1) convert(codec);
      assert.deepStrictEqual(formsOf(codec), OWN);
      for (let count = 0; count < MANY; count += 1) convert(codec);
      assert.deepStrictEqual(formsOf(codec), FORMS[sdk.alias]);
    }
  });

  test(`${sdk.title}: odd items are read and written as by the SDK's codec`, () => {
    const [codec, own] = [preparedCodec(sdk.LaunchDarkly), sdkCodec(PersistentDataStoreWrapper)];
    const items = new OddItems(randomNumbers(20261126));
    const counts = { read: 0, unreadable: 0 };
    for (let index = 0; index < ODD_ITEMS; index += 1) {
      const namespace = KINDS[index % 2];
      const json = items.next(namespace);
      const item = outcome(() => read(codec, namespace, json));
      const expected = outcome(() => own.revive(namespace, json));
      assert.deepStrictEqual(item, expected, json);
      counts[item.failed ? 'unreadable' : 'read'] += 1;
      if (item.failed) continue;
      assertWrites({ codec, own, namespace, json, item: item.value });
    }
    assert.ok(Math.min(...Object.values(counts)) > ODD_ITEMS / 10, JSON.stringify(counts));
  });
}

/** Asserts that both codecs write an item alike and leave it as it is. */
function assertWrites({ codec, own, namespace, json, item }) {
  const expected = outcome(() => own.serialize(namespace, item));
  assert.deepStrictEqual(item, own.revive(namespace, json), json);
  const written = outcome(() => codec.serialize(namespace, item));
  assert.deepStrictEqual(item, own.revive(namespace, json), json);
  if (!expected.failed) assert.deepStrictEqual(written, expected, json);
  // There are items that SDKs can read but not write.
  if (!written.failed) assert.deepStrictEqual(read(codec, namespace, written.value), item, json);
}

/** The packages in which the SDKs convert items, and the file. */
const COMMON = '@launchdarkly/js-server-sdk-common';
const CHANGEABLE = /** @type {const} */ ([
  [8, 'node-server-sdk-8', COMMON, 'dist/store/serialization.js'],
  [9, 'node-server-sdk-9', `node-server-sdk-9/node_modules/${COMMON}`, 'dist/index.cjs'],
]);
const MODEL = {
  ...generate({ seed: 1, flagCount: 200, subjectCount: 1, contexts: true, nulls: true }),
  operators: OPERATORS.filter((operator) => operator !== 'noSuchOperator'),
};

/**
 * Copies the SDKs.
 *
 * @returns {(text: string) => any} loads one of the packages anew with this text of a file
 */
function loaderOf(t, name, file) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'changed-sdk-')));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const copy = path.join(folder, 'node_modules');
  const isUsed = (file) => !/\.(map|d\.c?ts)$/.test(file);
  fs.cpSync(INSTALLED, copy, { recursive: true, filter: isUsed });
  const changeable = path.join(copy, name);
  return (text) => {
    fs.writeFileSync(path.join(changeable, file), text);
    for (const loaded of Object.keys(require.cache)) {
      if (loaded.startsWith(changeable + path.sep)) delete require.cache[loaded];
    }
    return require(changeable);
  };
}

for (const [version, alias, name, file] of CHANGEABLE) {
  const source = fs.readFileSync(path.join(INSTALLED, name, file), 'utf8');

  test(`SDK ${version}: the store notices each change of the SDK's codec, and uses that`, (t) => {
    const load = loaderOf(t, name, file);
    assert.deepStrictEqual(formsOf(preparedCodec(load(source))), FORMS[alias]);
    const unnoticed = changesOf(source, version, MODEL).filter(
      ({ changed }) => !isDeepStrictEqual(formsOf(preparedCodec(load(changed))), OWN)
    );
    assert.deepStrictEqual(
      unnoticed.map(({ change }) => change),
      []
    );
  });
}

test('SDK 9 that removes nulls of variations too: the store removes them too', (t) => {
  const [, , name, file] = CHANGEABLE[1];
  const load = loaderOf(t, name, file);
  const source = fs.readFileSync(path.join(INSTALLED, name, file), 'utf8');
  const changed = source.replace('nullReplacer(flag, ["variations"])', 'nullReplacer(flag)');
  const codec = preparedCodec(load(changed));
  assert.deepStrictEqual(formsOf(codec), { features: FORM.noNulls, segments: FORM.noNulls });
  const json = '{"key":"f","version":1,"variations":[{"a":null},[null]]}';
  assert.deepStrictEqual(read(codec, 'features', json).variations, [{}, [null]]);
  assert.notStrictEqual(changed, source);
});
