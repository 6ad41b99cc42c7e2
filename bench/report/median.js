'use strict';

/**
 * @param {number[]} values at least one
 * @returns {number}
 */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [Math.ceil(middle) - 1, Math.floor(middle)];
  return (sorted[low] + sorted[high]) / 2;
}

module.exports = { median };
