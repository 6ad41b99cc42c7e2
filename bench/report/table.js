'use strict';

const { comparison, format } = require('./format');

/**
 * @typedef {import('./results').Results} Results
 * @typedef {import('./results').FigureResult} FigureResult
 */

/**
 * Formats the results as tables, one for each set of stores.
 *
 * @param {Results} results
 * @returns {string}
 */
function tables(results) {
  /** @type {Map<string, FigureResult[]>} */
  const groups = new Map();
  for (const figure of Object.values(results.figures)) {
    const id = Object.keys(figure.stores).join();
    groups.set(id, [...(groups.get(id) ?? []), figure]);
  }
  const texts = [...groups.values()].map((figures) => lines(figures, results.runs).join('\n'));
  return texts.join('\n\n');
}

/**
 * @param {FigureResult[]} figures of the same stores
 * @param {number} runs
 * @returns {string[]}
 */
function lines(figures, runs) {
  const stores = Object.values(figures[0].stores);
  const head = ['figure', ...stores.map(({ label }) => label)];
  const rows = figures.map((figure) => [
    figure.label,
    ...Object.keys(figure.stores).map((name) => cell(figure, name, runs)),
  ]);
  const all = [head, head.map((text) => '-'.repeat(text.length)), ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  return all.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i] + 2))
      .join('')
      .trimEnd()
  );
}

/**
 * @param {FigureResult} figure
 * @param {string} name of a store
 * @param {number} runs the requested number of runs
 * @returns {string}
 */
function cell(figure, name, runs) {
  const { median, values } = figure.stores[name];
  const few = figure.runs === undefined && values.length < runs ? ` [${values.length}]` : '';
  const value = `${format(median, figure.unit)}${few}`;
  const { ours } = figure.stores;
  if (name === 'ours' || !ours) return value;
  const compared = comparison(ours.median, median, figure);
  return compared ? `${value} (${compared})` : value;
}

module.exports = { tables };
