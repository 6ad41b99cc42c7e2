'use strict';

/**
 * Formats figures as text.
 */

/** From the smallest to the largest unit. The number is the factor to the previous one. */
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
 * @param {string} unit the figure's unit
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
 * @returns {string} the number with three significant digits
 */
function digits(value) {
  if (value === 0) return '0';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

/** The words for a lower and a higher figure of this package, by unit. Other units are times of a call. */
const COMPARATIVES = {
  '': ['fewer', 'more'],
  bytes: ['smaller', 'larger'],
  '/s': ['slower', 'faster'],
};
/** Figures for time that is consumed, as opposed to the duration of a call. */
const TIME_TAKEN = /\b(stall|CPU time|main thread)\b/;

/**
 * @param {number} ours
 * @param {number} other
 * @param {{unit: string, label: string}} figure
 * @returns {string} how this package compares, such as `280× faster`
 */
function comparison(ours, other, { unit, label }) {
  if (ours <= 0 || other <= 0) return '';
  const [lower, higher] = TIME_TAKEN.test(label)
    ? ['less', 'more']
    : (COMPARATIVES[/** @type {keyof typeof COMPARATIVES} */ (unit)] ?? ['faster', 'slower']);
  const [factor, word] = ours < other ? [other / ours, lower] : [ours / other, higher];
  // Below the variation between runs.
  if (factor < 1.05) return 'the same';
  return `${digits(Number(factor.toPrecision(2)))}× ${word}`;
}

module.exports = { comparison, format };
