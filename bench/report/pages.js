'use strict';

/**
 * Writes the results into the documentation: between `<!-- benchmark: name -->` and `<!-- /benchmark -->` a page
 * has the block of that name.
 */

const { readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const { lambdaTable } = require('../lambda');
const { SDKS } = require('../stores');
const { chart } = require('./chart');
const { circumstances } = require('./circumstances');
const { summary, summaryChart } = require('./summary');
const { mainTable, markdown, memoryTable, sdkTable } = require('./tables');

const ROOT = path.join(__dirname, '..', '..');
const CHART = 'bench/chart.svg';
/** In `docs/`, because README.md shows it and the package contains that folder. */
const SUMMARY_CHART = 'docs/summary.svg';
const PAGES = ['README.md', 'docs/benchmarks.md'];
const BLOCK = /(<!-- benchmark: (.*) -->\n)[\s\S]*?(<!-- \/benchmark -->)/g;

/**
 * @param {import('./results').Results} results
 * @returns {Record<string, string>} the contents of the files that show the results, by path in the repository
 */
function pagesWith(results) {
  const blocks = blocksOf(results);
  /** @type {Record<string, string>} */
  const pages = { [CHART]: chart(results), [SUMMARY_CHART]: summaryChart(results) };
  for (const page of PAGES) {
    const text = readFileSync(path.join(ROOT, page), 'utf8');
    pages[page] = text.replace(BLOCK, (_all, start, name, end) => {
      if (!blocks[name]) throw new Error(`${page}: there is no block ${name}`);
      return `${start}\n${blocks[name]}\n${end}`;
    });
  }
  return pages;
}

/**
 * @param {import('./results').Results} results
 * @returns {Record<string, string>} Markdown by the name of the block
 */
function blocksOf(results) {
  const blocks = {
    lambda: markdown(lambdaTable(results.lambda)),
    main: markdown(mainTable(results)),
    memory: markdown(memoryTable(results)),
    run: circumstances(results),
    summary: summary(results),
  };
  const bySdk = SDKS.map((sdk) => [sdk.name, markdown(sdkTable(results, sdk))]);
  return { ...blocks, ...Object.fromEntries(bySdk) };
}

/**
 * @param {import('./results').Results} results
 */
function writePages(results) {
  for (const [page, text] of Object.entries(pagesWith(results))) {
    writeFileSync(path.join(ROOT, page), text);
  }
}

module.exports = { pagesWith, writePages };
