'use strict';

/** The code that the documentation prints. */

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');

/**
 * @param {string} page relative to the repository
 * @returns {{files: Record<string, string>, commands: string[]}} the blocks of code that begin with the name of their
 *   file in a comment, by that name; and those for a shell
 */
function codeOf(page) {
  /** @type {Record<string, string>} */
  const files = {};
  const commands = [];
  const blocks = fs
    .readFileSync(path.join(ROOT, page), 'utf8')
    .matchAll(/^```(\w+)\n(.*?)^```$/gms);
  for (const [, language, text] of blocks) {
    const [, name] = /^(?:\/\/|#) (\S+\.\w+)$/m.exec(text.split('\n', 1)[0]) || [];
    if (name) files[name] = text;
    else if (language === 'sh') commands.push(text);
  }
  return { files, commands };
}

module.exports = { codeOf };
