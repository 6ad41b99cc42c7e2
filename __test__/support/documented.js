'use strict';

/** The code that the documentation prints. */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const { blocksOf } = require('../documentation/printed');

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
  for (const { language, text } of blocksOf(fs.readFileSync(path.join(ROOT, page), 'utf8'))) {
    const [, name] = /^(?:\/\/|#) (\S+\.\w+)$/.exec(text.split('\n', 1)[0]) || [];
    if (name) files[name] = text;
    else if (language === 'sh') commands.push(text);
  }
  return { files, commands };
}

/**
 * Runs the one command that contains all these words.
 *
 * @param {string[]} commands
 * @param {string[]} words
 * @param {string} folder
 * @param {(text: string) => string} [change] the command
 */
async function runCommand(commands, words, folder, change = (text) => text) {
  const found = commands.filter((text) => words.every((word) => text.includes(word)));
  assert.strictEqual(found.length, 1, words.join());
  const args = ['-ec', change(found[0])];
  const { stderr } = await promisify(execFile)('bash', args, { cwd: folder });
  assert.doesNotMatch(stderr, /warn/i);
}

module.exports = { codeOf, runCommand };
