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
const NOT_RUN = /<!-- not run: (.+?) -->/;
const OF_PAGE = /^# .*\n\n<!-- not run: (.+?) -->\n\n/;

/**
 * The marks before a block are `<!-- not run: reason -->`, `<!-- run: in a clone -->` and `<!-- run -->`. After the
 * page's title, the first one is about all blocks of the page, but for those that have the last one.
 *
 * @param {string} page
 * @returns {Block[]}
 */
function blocksOf(page) {
  const [, notRunOnPage] = OF_PAGE.exec(page) || [];
  return [...page.matchAll(BLOCK)].map(
    ({ 1: comments, 2: indentation, 3: info, 4: text, index }) => {
      const [, notRun = notRunOnPage] = NOT_RUN.exec(comments) || [];
      return {
        line: page.slice(0, index + comments.length).split('\n').length,
        language: info.trim(),
        text: text.replace(new RegExp(`^${indentation}`, 'gm'), ''),
        notRun: comments.includes('<!-- run -->') ? undefined : notRun,
        inClone: comments.includes('<!-- run: in a clone -->'),
      };
    }
  );
}

module.exports = { blocksOf };
