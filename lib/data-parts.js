'use strict';

/**
 * A data set as JSON in parts of a bounded size, so that writing a large one takes many short turns.
 */

const { toJson } = require('./contract');

/** @typedef {import('./contract').DataModel} DataModel */

/** How long a part is, in characters, unless a single item is longer. */
const PART_LENGTH = 16 * 1024;

/** Why a data set can't be written. */
class Unusable extends Error {}

/**
 * Each kind has at least one part.
 *
 * @param {DataModel} model of the items
 * @param {[string, Record<string, any>][]} data kinds and their items by key
 * @returns {Generator<{kind: string, json: string}, void>}
 * @throws {Unusable} when it comes to an item that has no JSON form
 */
function* dataParts(model, data) {
  for (const [kind, items] of data) {
    let json = '{';
    for (const key of Object.keys(items)) {
      const item = toJson(model, kind, items[key]);
      if (item.problem !== undefined) {
        throw new Unusable(`the data of kind ${kind} ${item.problem}`);
      }
      if (item.value === undefined) continue;
      if (json.length > 1) json += ',';
      json += `${JSON.stringify(key)}:${item.value}`;
      if (json.length >= PART_LENGTH) {
        yield { kind, json: `${json}}` };
        json = '{';
      }
    }
    yield { kind, json: `${json}}` };
  }
}

module.exports = { Unusable, dataParts };
