'use strict';

/**
 * JSON text that is taken apart and formatted without parsing its values, so that nothing is lost: numbers keep all
 * their digits, strings their escapes, and members their order.
 */

/** Deeper texts are rejected. Flags and segments have some ten levels, and their variations a few more. */
const MAX_DEPTH = 500;

const SPACE = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings must not have them
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const NUMBER_OR_WORD =
  /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)(?![\w.+-])/y;
/** A token of a text that is valid. */
const TOKEN = /"(?:[^"\\]+|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g;

/**
 * A part of a text.
 *
 * @typedef {object} Part
 * @property {number} start
 * @property {number} end
 * @property {Map<string, Part>} [members] of an object, at the levels that the caller wanted
 */

/** A text that is not JSON, or has a member twice. */
class JsonTextError extends Error {
  /**
   * @param {string} message
   * @param {string} text
   * @param {number} position
   */
  constructor(message, text, position) {
    const lines = text.slice(0, position).split(/\r\n|\r|\n/);
    super(`line ${lines.length}, column ${lines[lines.length - 1].length + 1}: ${message}`);
  }
}

class Scanner {
  /**
   * @param {string} text
   */
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  /**
   * @param {RegExp} pattern a sticky one
   * @returns {string | undefined} what matches here
   */
  take(pattern) {
    pattern.lastIndex = this.at;
    const [match] = pattern.exec(this.text) || [];
    if (match !== undefined) this.at += match.length;
    return match;
  }

  /**
   * @param {string} character
   * @returns {boolean} whether it comes next, after space
   */
  takes(character) {
    this.take(SPACE);
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  /**
   * @param {number} levels how many levels of objects get their members
   * @param {number} [depth]
   * @returns {Part}
   */
  value(levels, depth = 0) {
    this.take(SPACE);
    const start = this.at;
    if (depth > MAX_DEPTH) throw this.error('it is nested too deep');
    if (this.takes('{')) {
      const members = this.members(levels - 1, depth + 1);
      return levels > 0 ? { start, end: this.at, members } : { start, end: this.at };
    }
    if (this.takes('[')) {
      if (!this.takes(']')) {
        do this.value(0, depth + 1);
        while (this.takes(','));
        if (!this.takes(']')) throw this.expected('a comma or ]');
      }
    } else if (this.take(STRING) === undefined && this.take(NUMBER_OR_WORD) === undefined) {
      throw this.expected('a value');
    }
    return { start, end: this.at };
  }

  /**
   * @param {number} levels
   * @param {number} depth
   * @returns {Map<string, Part>} empty below the wanted levels
   */
  members(levels, depth) {
    const members = new Map();
    if (this.takes('}')) return members;
    do {
      this.take(SPACE);
      const start = this.at;
      const name = this.take(STRING);
      if (name === undefined) throw this.expected("a member's name in double quotes");
      if (!this.takes(':')) throw this.expected('a colon');
      const value = this.value(levels, depth);
      if (levels < 0) continue;
      const key = JSON.parse(name);
      if (members.has(key)) {
        throw new JsonTextError(`the member ${name} is there twice`, this.text, start);
      }
      members.set(key, value);
    } while (this.takes(','));
    if (!this.takes('}')) throw this.expected('a comma or }');
    return members;
  }

  /**
   * @param {string} what
   */
  expected(what) {
    this.take(SPACE);
    const [found] = /^(?:[\w.+-]{1,20}|.)/su.exec(this.text.slice(this.at, this.at + 20)) || [];
    return this.error(
      found ? `expected ${what}, not ${JSON.stringify(found)}` : `expected ${what}, not the end`
    );
  }

  /**
   * @param {string} message
   */
  error(message) {
    return new JsonTextError(message, this.text, this.at);
  }
}

/**
 * Checks that a text is JSON, and finds the members of its objects.
 *
 * @param {string} text
 * @param {number} levels how many levels of objects get their members, which must be there only once
 * @returns {Part}
 * @throws {JsonTextError}
 */
function parts(text, levels) {
  const scanner = new Scanner(text);
  const whole = scanner.value(levels);
  scanner.take(SPACE);
  if (scanner.at < text.length) throw scanner.expected('the end');
  return whole;
}

/**
 * @param {string} json a valid text
 * @returns {string} the text without space between its tokens
 */
function compact(json) {
  return (json.match(TOKEN) || []).join('');
}

/**
 * @param {string} json a valid text
 * @param {string} [indent] of the lines after the first
 * @returns {string} the text as `JSON.stringify` formats with two spaces
 */
function pretty(json, indent = '') {
  const tokens = json.match(TOKEN) || [];
  /** @type {string[]} */
  const out = [];
  let margin = `\n${indent}`;
  tokens.forEach((token, i) => {
    const isEmpty = /^[\]}]$/.test(tokens[i + 1] || '');
    if (token === '{' || token === '[') {
      if (!isEmpty) margin += '  ';
      out.push(token, isEmpty ? '' : margin);
    } else if (token === '}' || token === ']') {
      const wasEmpty = /^[[{]$/.test(tokens[i - 1]);
      if (!wasEmpty) margin = margin.slice(0, -2);
      out.push(wasEmpty ? '' : margin, token);
    } else if (token === ',') out.push(token, margin);
    else out.push(token === ':' ? ': ' : token);
  });
  return out.join('');
}

module.exports = { JsonTextError, compact, parts, pretty };
