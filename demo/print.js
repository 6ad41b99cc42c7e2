'use strict';

const WIDTH = 78;

/**
 * Prints a heading.
 *
 * @param {string} text
 */
function heading(text) {
  console.log(`${text}\n${'-'.repeat(text.length)}`);
}

/**
 * Prints a paragraph, wrapped into lines.
 *
 * @param {string} text
 */
function paragraph(text) {
  let line = '';
  for (const word of text.trim().split(/\s+/)) {
    if (line && line.length + 1 + word.length > WIDTH) {
      console.log(line);
      line = '';
    }
    line += line ? ` ${word}` : word;
  }
  console.log(`${line}\n`);
}

/**
 * Prints rows of cells as a table with headings.
 *
 * @param {string[]} columns
 * @param {unknown[][]} rows
 */
function table(columns, rows) {
  const lines = [columns, columns.map((name) => '-'.repeat(name.length)), ...rows];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => String(line[i]).length)));
  for (const line of lines) {
    const cells = line.map((cell, i) => String(cell).padEnd(widths[i]));
    console.log(`  ${cells.join('   ').trimEnd()}`);
  }
  console.log();
}

module.exports = { heading, paragraph, table };
