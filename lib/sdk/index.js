'use strict';

/**
 * The contract with clients of SDK 8 and 9.
 */

const { processedContract } = require('../store/contract');
const { newModel } = require('./codec');
const { SDK, findWrapper } = require('./find');

/**
 * @typedef {import('../store/contract').Contract} Contract
 * @typedef {import('./codec').Wrapper} Wrapper
 */

/** @type {WeakMap<Wrapper, Contract>} one for each copy of the SDK; its clients share items */
const contracts = new WeakMap();

/**
 * @param {any} context the SDK client's, which it calls the store with
 * @param {Wrapper | undefined} configured that of the option `sdk`
 * @returns {Contract}
 * @throws {Error} if the client's SDK can't be found
 */
function contractOf(context, configured) {
  const wrapper = configured || findWrapper(context);
  if (!wrapper) {
    throw new Error(
      `DynamoDBFeatureStore: the ${SDK} that calls can't be found, as in a bundle. ` +
        `Give it as the option sdk: DynamoDBFeatureStore(table, { sdk: require('${SDK}') })`
    );
  }
  let contract = contracts.get(wrapper);
  if (contract === undefined) {
    contract = processedContract(newModel(wrapper));
    contracts.set(wrapper, contract);
  }
  return contract;
}

module.exports = { contractOf };
