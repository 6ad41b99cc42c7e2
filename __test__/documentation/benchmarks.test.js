'use strict';

/**
 * The comparisons that the documentation gives are those of the benchmark's last run.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { comparison } = require('../../bench/report/format');

const ROOT = path.join(__dirname, '..', '..');

const FIGURES = {
  'first flag from the store, from `require`': 'first-flag-store',
  'first flag through the SDK in daemon mode, from `require` of the store': 'first-flag-sdk',
  'cached `get`': 'cached-get',
  'cached `all` of 1,000 flags': 'cached-all-1000',
  'uncached `get`, CPU time of the process': 'uncached-get-cpu',
  'uncached `get`, time of the main thread': 'uncached-get-main',
  '`init` with 10,000 flags': 'init-wall',
  '`init` with 10,000 flags, longest stall of the event loop': 'init-stall',
  'first `all` of 10,000 flags': 'all-wall',
  'first `all` of 10,000 flags, time of the main thread': 'all-main',
  'first `all` of 10,000 flags, longest stall of the event loop': 'all-stall',
  '1,000 upserts at once, 5 ms for each answer': 'upsert-burst',
  'memory (RSS) with 10,000 flags held': 'memory-rss',
  '`variation` with everything cached': 'variation-warm',
  'installed size besides the SDK': 'installed-size',
};

/** What is compared with what, by column. */
const COLUMNS = [
  ['ours', 'sdk5-package'],
  ['ours', 'sdk7-package'],
  ['ours', 'sdk9-package'],
  ['ours-in-sdk9', 'sdk9-package'],
];

const read = (page) => fs.readFileSync(path.join(ROOT, page), 'utf8');
const { figures } = JSON.parse(read('bench/results.json'));

/** @returns {string} as a page gives it; nothing where there is no such figure */
function compared(figure, [ours, other]) {
  const { stores } = figures[figure];
  if (!stores[ours] || !stores[other]) return '';
  return comparison(stores[ours].median, stores[other].median, figures[figure]);
}

for (const page of ['README.md', 'docs/benchmarks.md']) {
  test(`the comparisons in ${page} are measured`, () => {
    const [, table] = /\n\| \| `ldclient-node-dynamodb-store` .*\n.*\n((?:\|.*\n)+)/.exec(
      read(page)
    );
    const rows = table.trim().split('\n');
    assert.ok(rows.length > 5);
    for (const row of rows) {
      const [, label, ...given] = row.split('|').map((cell) => cell.trim());
      assert.ok(FIGURES[label], label);
      const measured = COLUMNS.map((column) => compared(FIGURES[label], column));
      assert.deepStrictEqual(given.slice(0, -1), measured.slice(0, given.length - 1), label);
    }
  });
}

test("the comparisons with the SDKs' in-memory stores are measured", () => {
  const pattern = / (\S+× \w+|the same) in SDK 7 and (\S+× \w+|the same) in\s+SDK 9/;
  const [, sdk7, sdk9] = pattern.exec(read('docs/benchmarks.md'));
  assert.strictEqual(sdk7, compared('variation-warm', ['ours', 'sdk7-memory']));
  assert.strictEqual(sdk9, compared('variation-warm', ['ours-in-sdk9', 'sdk9-memory']));
});
