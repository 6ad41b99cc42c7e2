'use strict';

/**
 * Texts for people: lines of at most 80 columns, and colours and marks on a terminal.
 *
 * @typedef {import('./failure').Step} Step
 */

const WIDTH = 80;
const [BOLD, RED, GREEN] = [1, 31, 32];

/**
 * Breaks a text into lines. A longer word stays whole.
 *
 * @param {string} text
 * @param {string} [indent] of all lines
 * @returns {string}
 */
function wrapped(text, indent = '') {
  const lines = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, indent + line].join('\n');
}

/** How texts look on a stream. */
class Style {
  /**
   * @param {NodeJS.WriteStream} stream
   */
  constructor(stream) {
    const { NO_COLOR, TERM } = process.env;
    this.isTerminal = Boolean(stream.isTTY);
    this.hasColour = this.isTerminal && !NO_COLOR && TERM !== 'dumb';
  }

  /**
   * @param {string} text what is right
   */
  right(text) {
    return this.marked('✓', GREEN, text);
  }

  /**
   * @param {string} text what is wrong
   */
  wrong(text) {
    return this.marked('✗', RED, text);
  }

  /**
   * @param {string} text
   */
  heading(text) {
    return this.coloured(BOLD, text);
  }

  /**
   * @param {string} mark
   * @param {number} colour
   * @param {string} text
   */
  marked(mark, colour, text) {
    if (!this.isTerminal) return wrapped(text);
    return `${this.coloured(colour, mark)} ${wrapped(text, '  ').trimStart()}`;
  }

  /**
   * @param {number} code
   * @param {string} text
   */
  coloured(code, text) {
    return this.hasColour ? `\x1b[${code}m${text}\x1b[0m` : text;
  }

  /**
   * @param {Step[]} steps
   * @returns {string} a paragraph for each step; commands are not broken, so that they can be copied
   */
  steps(steps) {
    const paragraphs = steps.map(({ text, command }) => {
      if (command === undefined) return wrapped(`${text}.`, '  ');
      return `${wrapped(`${text}:`, '  ')}\n    ${command}`;
    });
    return [this.heading('Next'), ...paragraphs].join('\n');
  }
}

/**
 * @param {NodeJS.WriteStream} stream
 * @param {string} message without a full stop at its end; may be empty
 * @param {Step[]} steps
 * @returns {string} paragraphs on a terminal, otherwise one line
 */
function notice(stream, message, steps) {
  const style = new Style(stream);
  if (style.isTerminal) {
    return [
      ...(message ? [style.wrong(message)] : []),
      ...(steps.length > 0 ? ['', style.steps(steps)] : []),
    ].join('\n');
  }
  const sentences = steps.map(({ text, command }) => (command ? `${text}: ${command}` : text));
  return [message, ...sentences]
    .filter(Boolean)
    .reduce((line, next) => `${line}${/[.?!]$/.test(line) ? '' : '.'} ${next}`);
}

/**
 * @param {string[][]} rows of cells
 * @returns {string[]} lines with aligned columns, numbers to the right
 */
function columns(rows) {
  const [head = [], ...body] = rows;
  const widths = head.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const isNumeric = head.map((_, i) => body.length > 0 && body.every((row) => /^\d/.test(row[i])));
  return rows.map((row) => {
    const cells = row.map((cell, i) =>
      isNumeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])
    );
    return cells.join('  ').trimEnd();
  });
}

/**
 * @param {number} number
 * @param {string} one the word for one of them
 * @param {string} [more] the word for several
 */
function counted(number, one, more = `${one}s`) {
  return `${grouped(number)} ${number === 1 ? one : more}`;
}

/**
 * @param {number} number
 */
function grouped(number) {
  return number.toLocaleString('en-US');
}

module.exports = { Style, columns, counted, grouped, notice, wrapped };
