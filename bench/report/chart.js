'use strict';

/**
 * Draws the main figures as an SVG image: bars on a logarithmic scale that show each store's figure as a
 * multiple of this package's in SDK 9.
 */

const { format } = require('./format');
const { image, text } = require('./svg');

const WIDTH = 900;
const MARGIN = 20;
const LABEL_WIDTH = 200;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 14;
const BAR_STEP = 18;
const TITLE_HEIGHT = 26;
const GROUP_GAP = 10;
const TOP = 72;
const BOTTOM = 34;

/** @type {Record<string, string>} the stores that are shown, by name. The other figures are multiples of the first one's. */
const BARS = {
  'sdk9-ours': 'this package, SDK 9',
  'sdk9-theirs': "SDK 9's wrapper",
  'sdk7-ours': 'this package, SDK 7',
  'sdk7-theirs': "SDK 7's package",
};
const [BASE] = Object.keys(BARS);

/** @type {Record<string, string>} */
const SUPERSCRIPTS = Object.fromEntries([...'⁰¹²³⁴⁵⁶⁷⁸⁹'].map((sign, digit) => [digit, sign]));
SUPERSCRIPTS['-'] = '⁻';

/** @typedef {import('./results').FigureResult} FigureResult */

/**
 * @param {import('./results').Results} results
 * @returns {string}
 */
function chart(results) {
  const figures = Object.values(results.figures).filter(
    ({ isMain, stores }) => isMain && stores[BASE]?.median > 0
  );
  const scale = scaleOf(figures);
  /** @type {string[]} */
  const parts = [];
  let y = TOP;
  for (const figure of figures) {
    parts.push(text(MARGIN, y + 16, figure.label.replaceAll('`', ''), 'title'));
    y += TITLE_HEIGHT;
    for (const name of barsOf(figure)) {
      const end = scale.x(relative(figure, name));
      const middle = y + BAR_HEIGHT - 3;
      parts.push(text(LABEL_WIDTH - 8, middle, BARS[name], 'faint', 'end'));
      const kind = name.endsWith('-ours') ? 'ours' : 'theirs';
      const width = Math.max(end - LABEL_WIDTH, 1).toFixed(1);
      parts.push(
        `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`
      );
      parts.push(
        text(
          Math.max(end, LABEL_WIDTH) + 6,
          middle,
          format(figure.stores[name].median, figure.unit)
        )
      );
      y += BAR_STEP;
    }
    y += GROUP_GAP;
  }
  const { node, processor, cores } = results.machine;
  return image(WIDTH, y + BOTTOM, 'Benchmark results', [
    text(
      MARGIN,
      30,
      'Time and memory, in multiples of this package in SDK 9 (shorter is better)',
      'heading'
    ),
    ...scale.grid(TOP - 8, y),
    ...parts,
    text(MARGIN, y + 22, `Node.js ${node}, ${processor}, ${cores} cores, ${results.date}`, 'faint'),
  ]);
}

/**
 * @param {FigureResult} figure
 * @returns {string[]} the measured stores that are shown
 */
function barsOf({ stores }) {
  return /** @type {string[]} */ (Object.keys(BARS)).filter((name) => stores[name]);
}

/**
 * @param {FigureResult} figure
 * @param {string} name the name of a store
 * @returns {number} the store's figure as a multiple of the first store's; above 1 is worse
 */
function relative(figure, name) {
  const [a, b] = [figure.stores[name].median, figure.stores[BASE].median];
  return figure.better === 'more' ? b / a : a / b;
}

/**
 * @param {FigureResult[]} figures
 */
function scaleOf(figures) {
  const ratios = figures.flatMap((figure) => barsOf(figure).map((name) => relative(figure, name)));
  const known = ratios.filter((ratio) => ratio > 0);
  // The scale begins below 1, so that this package's bar is visible.
  const low = Math.min(-1, Math.floor(Math.log10(Math.min(1, ...known))));
  const high = Math.max(1, Math.ceil(Math.log10(Math.max(1, ...known))));
  const decade = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / (high - low);
  const x = (/** @type {number} */ ratio) =>
    ratio > 0 ? LABEL_WIDTH + (Math.log10(ratio) - low) * decade : LABEL_WIDTH;
  const grid = (/** @type {number} */ top, /** @type {number} */ bottom) =>
    Array.from({ length: high - low + 1 }, (_, i) => {
      const at = (LABEL_WIDTH + i * decade).toFixed(1);
      const label = powerOfTen(low + i);
      return (
        `<line class="grid" x1="${at}" y1="${top}" x2="${at}" y2="${bottom}"/>` +
        text(Number(at), top - 6, `${label}×`, 'faint', 'middle')
      );
    });
  return { x, grid };
}

/**
 * @param {number} exponent
 * @returns {string} a label short enough to fit beside its neighbours
 */
function powerOfTen(exponent) {
  if (Math.abs(exponent) <= 3) return String(Number(`1e${exponent}`));
  return `10${[...String(exponent)].map((digit) => SUPERSCRIPTS[digit]).join('')}`;
}

module.exports = { chart };
