'use strict';

/**
 * Calls methods of a store as its parent asks for it, until that disconnects.
 *
 * Input: `table`, `options`. Messages from the parent: `[method, ...arguments]`, and what comes of
 * each goes back. The method `now` is the time here.
 */

const { DynamoDBFeatureStore } = require('../../../..');

const { table, options } = JSON.parse(process.argv[2]);
const store = DynamoDBFeatureStore(table, options);

process.on('message', async ([method, ...args]) => {
  const call = (resolve) => store[method](...args, resolve);
  process.send({ result: method === 'now' ? Date.now() : await new Promise(call) });
});
