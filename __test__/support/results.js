'use strict';

const { DEFAULT } = require('./flags');

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

module.exports = { resultsOf };
