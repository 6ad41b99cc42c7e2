'use strict';

/**
 * The licences of the crates in the addon are among those that deny.toml allows.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const satisfies = require('spdx-satisfies');

const { linkedCrates } = require('../../scripts/licences');

const DENY = path.join(__dirname, '..', '..', 'deny.toml');

test('crates have licences that are allowed', () => {
  const [, list] = /** @type {string[]} */ (
    /\nallow = \[(.*?)\]/s.exec(fs.readFileSync(DENY, 'utf8'))
  );
  const allowed = [...list.matchAll(/"(.+?)"/g)].map(([, licence]) => licence);
  const crates = linkedCrates();
  assert.ok(crates.length > 100);
  const others = crates.filter(({ license }) => {
    // An older way to write it.
    const expression = String(license).replace(/\s*\/\s*/g, ' OR ');
    return !satisfies(expression, allowed);
  });
  assert.deepStrictEqual(
    others.map(({ name, license }) => [name, license]),
    []
  );
});
