'use strict';

/**
 * What the top of README.md shows: one sentence, and a chart of four figures of this package and of the other
 * store in the newest SDK.
 */

const { SDKS, nameOf } = require('../stores');
const { comparison, format } = require('./format');
const { image, text } = require('./svg');

const [NEWEST] = SDKS;
const OURS = nameOf(NEWEST, 'ours');
const THEIRS = nameOf(NEWEST, 'theirs');
const OTHER = `${NEWEST.name}'s own wrapper with AWS SDK v3`;

/** The figures in the chart by id, each with a label of two lines. */
const BARS = {
  'first-flag-store': ['First flag from the store', 'from require of the package'],
  'uncached-get-main': ['One flag that is not cached', 'time of the main thread'],
  'all-stall': ['First read of all 10,000 flags', 'longest stall of the event loop'],
  'memory-rss': ['10,000 flags held', 'memory (RSS) besides the SDK'],
};

const WIDTH = 900;
const MARGIN = 20;
const BARS_X = 268;
/** The length of the longer bar of each pair. */
const LONGEST = 400;
const BAR_HEIGHT = 14;
const BAR_STEP = 18;
const ROWS_Y = 84;
const ROW_STEP = 52;
const HEIGHT = ROWS_Y + ROW_STEP * Object.keys(BARS).length + 24;

/** @typedef {import('./results').Results} Results */
/** @typedef {import('./results').FigureResult} FigureResult */

/**
 * @param {Results} results
 * @returns {string} a sentence in Markdown
 */
function summary(results) {
  const figure = results.figures['uncached-get-main'];
  const ours = figure.stores[OURS].median;
  const factor = comparison(ours, figure.stores[THEIRS].median, figure);
  const time = format(ours, figure.unit);
  return `Reading a flag from DynamoDB takes ${time} of the main thread, **${factor}** than ${OTHER}.\n`;
}

/**
 * @param {Results} results
 * @returns {string} an SVG image
 */
function summaryChart(results) {
  const rows = Object.entries(BARS).map(([id, label], i) =>
    row(ROWS_Y + i * ROW_STEP, label, results.figures[id])
  );
  const { node, cores } = results.machine;
  const circumstances = `Each pair has a scale of its own. Node.js ${node}, ${cores} cores, ${results.date}`;
  return image(WIDTH, HEIGHT, `This package compared with ${OTHER}`, [
    text(MARGIN, 32, `Compared in ${NEWEST.name} (shorter is better)`, 'heading'),
    ...legend(58),
    ...rows.flat(),
    text(MARGIN, HEIGHT - 14, circumstances, 'faint'),
  ]);
}

/**
 * @param {number} y
 * @returns {string[]}
 */
function legend(y) {
  const swatch = (/** @type {number} */ x, /** @type {string} */ kind) =>
    `<rect class="${kind}" x="${x}" y="${y - 11}" width="12" height="12" rx="2"/>`;
  const otherX = BARS_X + 130;
  return [
    swatch(BARS_X, 'ours'),
    text(BARS_X + 18, y, 'this package'),
    swatch(otherX, 'theirs'),
    text(otherX + 18, y, OTHER),
  ];
}

/**
 * @param {number} y
 * @param {string[]} label
 * @param {FigureResult} figure of which less is better
 * @returns {string[]}
 */
function row(y, [title, subtitle], figure) {
  const [ours, theirs] = [figure.stores[OURS].median, figure.stores[THEIRS].median];
  const unit = LONGEST / Math.max(ours, theirs);
  const bar = (
    /** @type {number} */ top,
    /** @type {string} */ kind,
    /** @type {number} */ value
  ) => {
    const width = Math.max(value * unit, 1);
    return (
      `<rect class="${kind}" x="${BARS_X}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>` +
      text(BARS_X + width + 8, top + BAR_HEIGHT - 2.5, format(value, figure.unit))
    );
  };
  return [
    text(MARGIN, y + 12, title, 'title'),
    text(MARGIN, y + 29, subtitle, 'faint'),
    bar(y, 'ours', ours),
    bar(y + BAR_STEP, 'theirs', theirs),
    text(WIDTH - MARGIN, y + 22, comparison(ours, theirs, figure), 'factor', 'end'),
  ];
}

module.exports = { summary, summaryChart };
