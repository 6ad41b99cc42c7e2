'use strict';

/**
 * The figures in the documentation are those of the benchmark's last run.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { MEASUREMENTS } = require('../../bench/measurements');
const { pagesWith } = require('../../bench/report/pages');
const { readResults } = require('../../bench/report/results');
const { PERSISTENT } = require('../../bench/stores');

const ROOT = path.join(__dirname, '..', '..');

const read = (page) => fs.readFileSync(path.join(ROOT, page), 'utf8');
const results = readResults(path.join(ROOT, 'bench', 'results.json'));

for (const [page, expected] of Object.entries(pagesWith(results))) {
  test(`the figures in ${page} are measured`, () => {
    assert.strictEqual(read(page), expected, 'npm run bench -- --write corrects it');
  });
}

/** @returns {string[]} the rows of the table in `page`, without those of the head */
function rowsOf(page, table) {
  const [, text] = read(page)
    .split(/<!-- (?:benchmark: |\/benchmark)/)
    .map((part) => part.split(' -->\n'))
    .find(([name]) => name === table);
  return text.trim().split('\n').slice(2);
}

test('README.md has the main figures, and docs/benchmarks.md all of each SDK', () => {
  const all = Object.values(results.figures);
  const mains = all.filter(({ isMain }) => isMain);
  assert.ok(mains.length > 5);
  assert.strictEqual(rowsOf('README.md', 'main').length, mains.length);
  for (const sdk of ['SDK 9', 'SDK 8', 'SDK 7', 'SDK 5']) {
    const name = `${sdk.replace(' ', '').toLowerCase()}-ours`;
    const measured = all.filter(({ stores }) => stores[name]);
    assert.strictEqual(rowsOf('docs/benchmarks.md', sdk).length, measured.length);
  }
});

test('what is measured in one SDK is measured in each, of this package and of the other', () => {
  const stores = PERSISTENT.map(({ name }) => name);
  const onlyOurs = ['require-addon'];
  for (const { figures, stores: chosen } of MEASUREMENTS.values()) {
    if (chosen) continue;
    for (const { id } of figures) {
      const expected = onlyOurs.includes(id)
        ? stores.filter((name) => name.endsWith('-ours'))
        : stores;
      assert.deepStrictEqual(Object.keys(results.figures[id].stores), expected, id);
    }
  }
});
