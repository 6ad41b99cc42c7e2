'use strict';

/**
 * Differences between the SDK generations in what they expect of a store.
 *
 * @typedef {object} DataModel the form of an SDK's items
 * @property {() => void} prepare makes conversions cheaper, which takes some milliseconds the first time; called before
 *   a conversion of many items
 * @property {(namespace: string) => number} form the `FORM` in which the native store sends items
 * @property {(namespace: string, json: any) => any} revive converts what the native store sends, which it may change,
 *   to the SDK's item; throws if the SDK can't read it
 * @property {(namespace: string, item: any) => string | undefined} serialize returns the item's JSON text and leaves
 *   the item unchanged
 *
 * @typedef {object} Contract
 * @property {DataModel} model
 * @property {() => any} nothing the answer of `all` if the items can't be read
 * @property {boolean} reportsWriteFailures whether the callback of a write that DynamoDB has not accepted gets an
 *   `Error`
 */

/**
 * @template T
 * @typedef {{value: T, problem?: undefined} | {value?: undefined, problem: string}} Checked
 */

const { describeFailure } = require('../logging/redaction');

/**
 * The forms in which the native store sends items. `Form` in `src/binding/response_queue/mod.rs` describes them.
 */
const FORM = { json: 0, text: 1, noNullsButVariations: 2, noNulls: 3 };

/** The kinds that SDK 8 and 9 preprocess for evaluation. */
const PROCESSED = new Set(['features', 'segments']);

/**
 * @param {string} namespace
 * @returns {boolean} whether the items of this kind are plain JSON in every SDK
 */
function isPlain(namespace) {
  return !PROCESSED.has(namespace);
}

/** @type {DataModel} */
const JSON_MODEL = {
  prepare() {},
  form: () => FORM.json,
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

module.exports = { FORM, JSON_CONTRACT, isPlain, processedContract, toJson };
