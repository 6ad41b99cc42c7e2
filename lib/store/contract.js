'use strict';

/**
 * Differences between the SDK generations in what they expect of a store.
 *
 * @typedef {object} DataModel the form of an SDK's items
 * @property {boolean} fromText whether `revive` takes JSON text instead of parsed JSON
 * @property {(namespace: string, json: any) => any} revive converts JSON to the SDK's item; throws if the SDK
 *   can't read it
 * @property {(namespace: string, item: any) => string | undefined} serialize returns the item's JSON text and leaves
 *   the item unchanged
 *
 * @typedef {object} Contract
 * @property {DataModel} model
 * @property {() => any} nothing the answer of `all` if the items can't be read
 * @property {boolean} reportsWriteFailures whether the callback of a write that is not in the
 *   table gets an `Error`
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
 * @returns {Checked<string | undefined>} the item's JSON text; `undefined` for a function or other value without one
 */
function toJson(model, namespace, item) {
  try {
    return { value: model.serialize(namespace, item) };
  } catch (reason) {
    return { problem: `can't be written as JSON: ${describeFailure(reason)}` };
  }
}

module.exports = { JSON_CONTRACT, processedContract, toJson };
