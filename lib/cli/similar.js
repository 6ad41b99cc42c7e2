'use strict';

/** The greatest number of changed letters between a name and a misspelling of it. */
const MOST_CHANGES = 2;

/**
 * @param {string} word an unknown one
 * @param {string[]} names the known ones
 * @returns {string | undefined} the name that was probably meant
 */
function similar(word, names) {
  const begun = word.length > 1 ? names.filter((name) => name.startsWith(word)) : [];
  if (begun.length === 1) return begun[0];
  const [[changes, name]] = names
    .map((each) => /** @type {[number, string]} */ ([distance(word, each), each]))
    .sort(([a], [b]) => a - b);
  return changes <= MOST_CHANGES && changes < name.length / 2 ? name : undefined;
}

/**
 * @param {string} a
 * @param {string} b
 * @returns {number} how many letters must be inserted, deleted or replaced, or be swapped with the next one (the
 *   optimal string alignment distance)
 */
function distance(a, b) {
  /** @type {number[]} */
  let beforeLast = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? beforeLast[j - 2] + 1 : Infinity;
      row.push(Math.min(replaced, swapped, last[j] + 1, row[j - 1] + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}

module.exports = { similar };
