'use strict';

/**
 * What clients evaluate flags to.
 */

const assert = require('node:assert');

const { DEFAULT } = require('./flags');

/**
 * Asserts that clients evaluate every flag for every subject as the first one does.
 *
 * @param {{flags: object, subjects: any[]}} data
 * @param {any} expecting the first client
 * @param {[string, any][]} others clients with their names
 * @returns {Promise<any[]>} what came out
 */
async function assertSameResults({ flags, subjects }, expecting, others) {
  const expected = await resultsOf(expecting, flags, subjects);
  for (const [name, client] of others) {
    const results = await resultsOf(client, flags, subjects);
    results.forEach((result, index) => {
      assert.deepStrictEqual(result, expected[index], `result ${index} of the ${name}`);
    });
  }
  return expected;
}

/**
 * Evaluates each flag for each subject.
 *
 * @param {any} client
 * @param {Record<string, any>} flags
 * @param {any[]} subjects
 * @returns {Promise<any[]>} values with their reasons
 */
async function resultsOf(client, flags, subjects) {
  const results = [];
  for (const subject of subjects) {
    for (const key of Object.keys(flags)) {
      results.push(await client.variationDetail(key, subject, DEFAULT));
    }
  }
  return results;
}

module.exports = { assertSameResults, resultsOf };
