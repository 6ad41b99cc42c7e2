'use strict';

/**
 * The JS client: the caller's DynamoDB client, from the option `dynamoDBClient`. Every request goes through
 * that object itself, so that its middleware, agents, mocks and tracing see it. The store never closes it.
 *
 * Requests and answers are JSON text in the form that `src/dynamodb/js_client/mod.rs` documents.
 */

const { fail } = require('../options/checks');
const { METHODS, isDocument, send } = require('./calling');
const { failure } = require('./failure');
const { answer, failedCondition, parameters } = require('./operations');
const { findRegion } = require('./region');
const { plain, typed } = require('./values');

/**
 * @typedef {(request: string) => Promise<string>} CallClient never rejects
 */

/**
 * @param {string} name the name of the option
 * @param {any} client
 * @returns {CallClient}
 */
function clientCaller(name, client) {
  const methods = ['send'].concat(...Object.values(METHODS));
  const isObject = typeof client === 'object' || typeof client === 'function';
  if (!isObject || !methods.some((method) => typeof client[method] === 'function')) {
    fail(name, 'a DynamoDB client or document client of the AWS SDK for JavaScript', client);
  }
  /** @type {string | undefined} */
  let region;
  let hasSearched = false;
  return async (text) => {
    const request = JSON.parse(text);
    if (!hasSearched) {
      // Not earlier: the request itself needs the region, too.
      hasSearched = true;
      findRegion(client, (found) => {
        region = found;
      });
    }
    try {
      const values = isDocument(client) ? plain : typed;
      const params = parameters(request, values, typeof client.send === 'function');
      const result = await send(client, request.operation, params, request.time);
      return JSON.stringify({ ...answer(request, result, values), region });
    } catch (error) {
      const outcome = failedCondition(request, error) || { failure: failure(error) };
      return JSON.stringify({ ...outcome, region });
    }
  };
}

module.exports = { clientCaller };
