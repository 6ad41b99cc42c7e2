'use strict';

/**
 * @param {string[][]} lines cells
 * @returns {string} them in columns
 */
function tableText(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const padded = lines.map((line) => line.map((cell, i) => cell.padEnd(widths[i])).join('  '));
  return padded.map((line) => line.trimEnd()).join('\n');
}

module.exports = { tableText };
