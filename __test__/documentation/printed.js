'use strict';

/** The code blocks of a page, as they are printed. */

/**
 * @typedef {object} Block
 * @property {number} line that of its first fence
 * @property {string} language
 * @property {string} text without the indentation of the list that it is in
 * @property {string | undefined} notRun why it can't be run
 * @property {boolean} inClone whether it runs in a clone of this repository, not in an application
 */

/** Comments directly before a block, its fences, and what is between them. */
const BLOCK = /((?:^[ ]*<!--[^\n]*-->\n)*)^([ ]*)```([^\n]*)\n(.*?)^\2```$/gms;

/**
 * The marks are `<!-- not run: reason -->` and `<!-- run: in a clone -->`.
 *
 * @param {string} page
 * @returns {Block[]}
 */
function blocksOf(page) {
  return [...page.matchAll(BLOCK)].map(
    ({ 1: comments, 2: indentation, 3: info, 4: text, index }) => {
      const [, notRun] = /<!-- not run: (.+?) -->/.exec(comments) || [];
      return {
        line: page.slice(0, index + comments.length).split('\n').length,
        language: info.trim(),
        text: text.replace(new RegExp(`^${indentation}`, 'gm'), ''),
        notRun,
        inClone: comments.includes('<!-- run: in a clone -->'),
      };
    }
  );
}

module.exports = { blocksOf };
