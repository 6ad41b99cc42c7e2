'use strict';

/**
 * The results as tables. A table is a list of rows of cells; the first row is the head.
 *
 * @typedef {string[][]} Table
 * @typedef {import('./results').Results} Results
 * @typedef {import('./results').FigureResult} FigureResult
 */

const { SDKS, nameOf } = require('../stores');
const { SDK_7 } = require('../stores/sdks');
const { comparison, format } = require('./format');

const [NEWEST] = SDKS;

/**
 * The main figures: those of the newest SDK, and how the stores compare in each SDK.
 *
 * @param {Results} results
 * @returns {Table}
 */
function mainTable(results) {
  const figures = Object.values(results.figures).filter(({ isMain }) => isMain);
  const [ours, theirs] = [nameOf(NEWEST, 'ours'), nameOf(NEWEST, 'theirs')];
  const head = ['', `${labelOf(figures, ours)} in ${NEWEST.name}`, labelOf(figures, theirs)];
  return [
    [...head, ...SDKS.map(({ name }) => `compared in ${name}`)],
    ...figures.map((figure) => [
      figure.label,
      value(figure, ours),
      value(figure, theirs),
      ...SDKS.map((sdk) => compared(figure, nameOf(sdk, 'ours'), nameOf(sdk, 'theirs'))),
    ]),
  ];
}

/**
 * All figures of one SDK; with the newest one also those of this package in SDK 7.
 *
 * @param {Results} results
 * @param {import('../stores/sdks').Sdk} sdk
 * @returns {Table}
 */
function sdkTable(results, sdk) {
  const figures = Object.values(results.figures);
  const [ours, theirs] = [nameOf(sdk, 'ours'), nameOf(sdk, 'theirs')];
  /** @type {[string, string][]} names and headings */
  const others = [[theirs, labelOf(figures, theirs)]];
  if (sdk === NEWEST) others.push([nameOf(SDK_7, 'ours'), `this package in ${SDK_7.name}`]);
  return [
    ['', labelOf(figures, ours), ...others.map(([, heading]) => heading)],
    ...figures
      .filter(({ stores }) => stores[ours])
      .map((figure) => [
        figure.label,
        value(figure, ours),
        ...others.map(([name]) => valueCompared(figure, ours, name)),
      ]),
  ];
}

/**
 * Evaluations with this package's store and with the SDKs' own stores in memory.
 *
 * @param {Results} results
 * @returns {Table}
 */
function memoryTable(results) {
  const figure = results.figures['variation-warm'];
  if (!figure) return [['']];
  const sdks = SDKS.filter((sdk) => figure.stores[nameOf(sdk, 'memory')]);
  return [
    [figure.label, 'this package', "the SDK's own store in memory"],
    ...sdks.map((sdk) => {
      const [ours, memory] = [nameOf(sdk, 'ours'), nameOf(sdk, 'memory')];
      return [sdk.name, value(figure, ours), valueCompared(figure, ours, memory)];
    }),
  ];
}

/**
 * @param {FigureResult[]} figures
 * @param {string} name of a store
 * @returns {string}
 */
function labelOf(figures, name) {
  return figures.find(({ stores }) => stores[name])?.stores[name].label ?? name;
}

/**
 * @param {FigureResult} figure
 * @param {string} name of a store
 * @returns {string} empty if the figure was not measured
 */
function value({ stores, unit }, name) {
  return stores[name] ? format(stores[name].median, unit) : '';
}

/**
 * @param {FigureResult} figure
 * @param {string} ours the name of this package's store in an SDK
 * @param {string} other the name of a store
 * @returns {string} how ours compares; empty if a figure was not measured
 */
function compared(figure, ours, other) {
  const { [ours]: a, [other]: b } = figure.stores;
  return a && b ? comparison(a.median, b.median, figure) : '';
}

/**
 * @param {FigureResult} figure
 * @param {string} ours the name of this package's store in an SDK
 * @param {string} other the name of a store
 * @returns {string} the other's value and, in parentheses, how ours compares
 */
function valueCompared(figure, ours, other) {
  const words = compared(figure, ours, other);
  return words ? `${value(figure, other)} (${words})` : value(figure, other);
}

/**
 * @param {Table} table
 * @returns {string} Markdown
 */
function markdown([head, ...rows]) {
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.join(' | ')} |\n`.replace(/ {2}/g, ' ');
  return [head, head.map(() => '---'), ...rows].map(line).join('');
}

/**
 * @param {Table} table
 * @returns {string} for a terminal
 */
function padded(table) {
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  const line = (/** @type {string[]} */ cells) =>
    cells.map((cell, i) => cell.padEnd(widths[i] + 2)).join('');
  return table.map((row) => `${line(row).trimEnd()}\n`).join('');
}

module.exports = { mainTable, markdown, memoryTable, padded, sdkTable };
