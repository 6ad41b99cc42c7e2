'use strict';

/**
 * Serialises a data set as JSON in parts of bounded size, so that a large one takes many short turns of the
 * event loop.
 */

const { toJson } = require('./contract');
const { CallError, describeFailure } = require('../logging/redaction');
const { NOT_WELL_FORMED, isWellFormed } = require('./well-formed');

/** @typedef {import('./contract').DataModel} DataModel */

/** The target length of a part, in characters. A longer item makes a longer part. */
const PART_LENGTH = 16 * 1024;

/**
 * Yields at least one part for each kind. Leaves out items whose keys can't be stored.
 *
 * @param {DataModel} model the data model of the items
 * @param {[string, Record<string, any>][]} data pairs of a kind and its items by key
 * @param {(problem: CallError) => void} onLeftOut called for each item that is left out
 * @returns {Generator<{kind: string, json: string}, void>}
 * @throws {CallError} at an item that can't be read or has no JSON form
 */
function* dataParts(model, data, onLeftOut) {
  for (const [kind, items] of data) {
    let json = '{';
    for (const key of keysOf(kind, items)) {
      if (!isWellFormed(key)) {
        const name = `${JSON.stringify(key)} in ${JSON.stringify(kind)}`;
        onLeftOut(new CallError(`${name} is left out: ${NOT_WELL_FORMED}`));
        continue;
      }
      const item = toJson(model, kind, itemOf(kind, items, key));
      if (item.problem !== undefined) {
        throw new CallError(`the data of kind ${kind} ${item.problem}`);
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

/**
 * @param {string} kind
 * @param {Record<string, any>} items
 * @returns {string[]}
 */
function keysOf(kind, items) {
  return readable(kind, () => Object.keys(items));
}

/**
 * @param {string} kind
 * @param {Record<string, any>} items
 * @param {string} key
 * @returns {any}
 */
function itemOf(kind, items, key) {
  return readable(kind, () => items[key]);
}

/**
 * @template T
 * @param {string} kind
 * @param {() => T} read may run the caller's code (a getter or a proxy)
 * @returns {T}
 */
function readable(kind, read) {
  try {
    return read();
  } catch (thrown) {
    throw new CallError(`the data of kind ${kind} can't be read: ${describeFailure(thrown)}`);
  }
}

module.exports = { dataParts };
