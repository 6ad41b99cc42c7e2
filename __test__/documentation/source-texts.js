'use strict';

/** The texts in source files of Rust and JavaScript, with `…` for what is filled in. */

const fs = require('node:fs');
const path = require('node:path');

/** Folders and files that are built for tests only. */
const TESTS = /(^|\/)(tests|simulation)(\/|\.rs$)|_tests\.rs$|\/fake\.rs$/;
/** The string literals of a language. */
const LITERALS = {
  rs: /b?r(#*)"[\s\S]*?"\1|"(?:[^"\\]|\\[\s\S])*"/g,
  js: /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"|`(?:[^`\\]|\\[\s\S])*`/g,
};
const PLACEHOLDERS = { rs: /\{[^{}]*\}/g, js: /\$\{(?:[^{}]|\{[^{}]*\})*\}/g };
const COMMENTS = { rs: /^\s*\/\/.*$/gm, js: /^\s*(\/\/|\/\*|\*).*$/gm };

/**
 * @typedef {object} SourceFile
 * @property {string} name its path below the root
 * @property {'rs' | 'js'} language
 * @property {string} code without comments and tests
 */

/**
 * @param {string} root
 * @param {string[]} folders
 * @returns {SourceFile[]}
 */
function codeWithoutTests(root, folders) {
  return folders
    .flatMap((folder) => filesBelow(root, folder))
    .filter((name) => /\.(rs|js)$/.test(name) && !TESTS.test(name))
    .map((name) => {
      const language = name.endsWith('.rs') ? 'rs' : 'js';
      const whole = fs.readFileSync(path.join(root, name), 'utf8').replace(COMMENTS[language], '');
      const [code] = whole.split(/^#\[cfg\(test\)\]\n(?:#.*\n)*(?:pub(?:\(.*?\))? )?mod \w+ \{/m);
      return { name, language, code };
    });
}

function filesBelow(root, folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(root, name) : [name];
  });
}

/**
 * @param {string} code
 * @param {'rs' | 'js'} language
 * @returns {string[]}
 */
function textsIn(code, language) {
  return [...code.matchAll(LITERALS[language])].map(([literal]) => {
    const start = literal.search(/["'`]/) + 1;
    const end = literal.length - (literal.length - literal.trimEnd().length) - 1;
    return literal
      .slice(start, literal.startsWith('r') ? literal.lastIndexOf('"') : end)
      .replace(/\\\n\s*/g, '')
      .replace(/\\(["'`\\])/g, '$1')
      .replace(PLACEHOLDERS[language], '…');
  });
}

/**
 * @param {SourceFile} file
 * @param {string[]} functions
 * @returns {string[]} what stands between the parentheses of each call
 */
function callsOf({ code }, functions) {
  const names = functions.map((name) => name.replace('.', '\\s*\\.\\s*')).join('|');
  const calls = code.matchAll(new RegExp(`(?<!fn )\\b(?:${names})\\(`, 'g'));
  return [...calls].map(({ 0: call, index }) => {
    const start = index + call.length;
    let depth = 1;
    let end = start;
    for (; depth > 0 && end < code.length; end += 1) {
      if (code[end] === '(') depth += 1;
      if (code[end] === ')') depth -= 1;
    }
    return code.slice(start, end - 1);
  });
}

/**
 * The texts of variables that a call names, where they are declared in the same file.
 *
 * @param {string} call
 * @param {SourceFile} file
 * @returns {string[]}
 */
function declaredTexts(call, { code, language }) {
  const names = new Set(call.match(/\b[a-z]\w*\b/g));
  return [...names].flatMap((name) => {
    const declared = code.matchAll(new RegExp(`\\b(?:let|const) ${name} =([^;]*);`, 'g'));
    return [...declared].flatMap(([, value]) => textsIn(value, language));
  });
}

/**
 * @param {string} text
 * @returns {string[]} what is always the same in it
 */
function fixedPieces(text) {
  return text.split('…').map((piece) => piece.trim());
}

module.exports = { callsOf, codeWithoutTests, declaredTexts, fixedPieces, textsIn };
