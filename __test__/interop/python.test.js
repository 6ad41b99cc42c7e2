'use strict';

/**
 * One table, used by this store and by LaunchDarkly's SDK for Python.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { flag } = require('../../demo/flag');
const { FEATURES } = require('../support/data');
const { testWith } = require('./cases');
const { PYTHON } = require('./peer');

testWith(PYTHON, ({ newTable }) => {
  test('digits that only Python has stay in the table', async (t) => {
    const { scene, ours, other } = await newTable(t);
    const members = JSON.stringify(flag('long')).slice(1);
    const digits = '[9007199254740993, -18446744073709551615]';
    await other.upsertText('features', `{"digits":${digits},${members}`);
    const found = await ours.get(FEATURES, 'long');
    assert.deepStrictEqual(found.digits, [9007199254740992, -18446744073709552000]);
    assert.ok((await scene.row('features', 'long')).item.S.includes(digits));
  });
});
