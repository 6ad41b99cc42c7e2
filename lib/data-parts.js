'use strict';

/**
 * A data set as JSON in parts of a bounded size, so that writing a large one takes many short turns.
 */

/** How long a part is, in characters, unless a single item is longer. */
const PART_LENGTH = 64 * 1024;

/** Why a data set can't be written. */
class Unusable extends Error {}

/**
 * Each kind has at least one part.
 *
 * @param {[string, Record<string, any>][]} data kinds and their items by key
 * @returns {Generator<{kind: string, json: string}, void>}
 * @throws {Unusable} when it comes to an item that has no JSON form
 */
function* dataParts(data) {
  for (const [kind, items] of data) {
    let json = '{';
    for (const key of Object.keys(items)) {
      const item = stringify(kind, items[key]);
      if (item === undefined) continue;
      if (json.length > 1) json += ',';
      json += `${JSON.stringify(key)}:${item}`;
      if (json.length >= PART_LENGTH) {
        yield { kind, json: `${json}}` };
        json = '{';
      }
    }
    yield { kind, json: `${json}}` };
  }
}

/**
 * @param {string} kind
 * @param {any} item
 * @returns {string | undefined}
 */
function stringify(kind, item) {
  try {
    return JSON.stringify(item);
  } catch (reason) {
    const { message } = /** @type {Error} */ (reason);
    throw new Unusable(`the data of kind ${kind} can't be written as JSON: ${message}`);
  }
}

module.exports = { Unusable, dataParts };
