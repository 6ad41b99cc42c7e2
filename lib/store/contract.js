'use strict';

/**
 * What the generations of the SDK want differently of a store.
 *
 * @typedef {object} DataModel how an SDK holds its items
 * @property {boolean} fromText whether items are made from their JSON text, not from what is parsed of it
 * @property {(namespace: string, json: any) => any} revive makes the SDK's item; throws for what the SDK
 *   can't read
 * @property {(namespace: string, item: any) => string | undefined} serialize an item's JSON text; leaves
 *   the item as it is
 *
 * @typedef {object} Contract
 * @property {DataModel} model
 * @property {() => any} nothing what `all` answers with when the items can't be read
 * @property {boolean} reportsWriteFailures whether the callback of a write gets an `Error` when the write is not
 *   in the table
 */

/**
 * @template T
 * @typedef {{value: T, problem?: undefined} | {value?: undefined, problem: string}} Checked
 */

const { describeFailure } = require('../logging/redaction');

/** @type {DataModel} */
const JSON_MODEL = {
  fromText: false,
  revive: (_namespace, item) => item,
  serialize: (_namespace, item) => JSON.stringify(item),
};

/**
 * SDK 5 to 7.
 *
 * @type {Contract}
 */
const JSON_CONTRACT = { model: JSON_MODEL, nothing: () => null, reportsWriteFailures: false };

/**
 * SDK 8 and 9.
 *
 * @param {DataModel} model
 * @returns {Contract}
 */
function processedContract(model) {
  return { model, nothing: () => ({}), reportsWriteFailures: true };
}

/**
 * @param {DataModel} model
 * @param {string} namespace
 * @param {unknown} item
 * @returns {Checked<string | undefined>} the item's JSON text; `undefined` for what has none
 */
function toJson(model, namespace, item) {
  try {
    return { value: model.serialize(namespace, item) };
  } catch (reason) {
    return { problem: `can't be written as JSON: ${describeFailure(reason)}` };
  }
}

module.exports = { JSON_CONTRACT, processedContract, toJson };
