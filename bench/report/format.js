'use strict';

/**
 * Figures in words.
 */

/** From the smallest to the largest; the factor is to the one before. */
const TIME_UNITS = [
  ['ns', 1000],
  ['µs', 1000],
  ['ms', 1000],
  ['s', 1000],
];
const BYTE_UNITS = [
  ['B', 1000],
  ['kB', 1000],
  ['MB', 1000],
  ['GB', 1000],
];

/**
 * @param {number} value
 * @param {string} unit of the figure
 * @returns {string}
 */
function format(value, unit) {
  if (unit === 'bytes') return scaled(value, 'B', BYTE_UNITS);
  if (unit === '' || unit === '/s') {
    return `${Math.round(value).toLocaleString('en')}${unit && ` ${unit}`}`;
  }
  return scaled(value, unit, TIME_UNITS);
}

/**
 * @param {number} value
 * @param {string} unit
 * @param {(string | number)[][]} units
 */
function scaled(value, unit, units) {
  let at = units.findIndex(([name]) => name === unit);
  let rest = value;
  while (Math.abs(rest) >= 1000 && at < units.length - 1) {
    rest /= Number(units[at][1]);
    at += 1;
  }
  return `${digits(rest)} ${units[at][0]}`;
}

/**
 * @param {number} value
 * @returns {string} three digits that say something
 */
function digits(value) {
  if (value === 0) return '0';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

/** What a lower and a higher figure of ours is called, by unit. Other units are times of a call. */
const COMPARATIVES = {
  '': ['fewer', 'more'],
  bytes: ['smaller', 'larger'],
  '/s': ['slower', 'faster'],
};
/** Figures of how much time something takes away, rather than of how long a call takes. */
const TIME_TAKEN = /\b(stall|CPU time|time of the main thread)\b/;

/**
 * @param {number} ours
 * @param {number} other
 * @param {{unit: string, label: string}} figure
 * @returns {string} how ours compares, such as `280× faster`
 */
function comparison(ours, other, { unit, label }) {
  if (ours <= 0 || other <= 0) return '';
  const [lower, higher] = TIME_TAKEN.test(label)
    ? ['less', 'more']
    : (COMPARATIVES[/** @type {keyof typeof COMPARATIVES} */ (unit)] ?? ['faster', 'slower']);
  const [factor, word] = ours < other ? [other / ours, lower] : [ours / other, higher];
  // Less than what a run differs from the next.
  if (factor < 1.05) return 'the same';
  return `${digits(Number(factor.toPrecision(2)))}× ${word}`;
}

module.exports = { comparison, format };
