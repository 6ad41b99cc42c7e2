'use strict';

/**
 * What clients of SDK 8 and 9 want of a store.
 */

const { processedContract } = require('../store/contract');
const { newModel } = require('./codec');
const { SDK, findWrapper } = require('./find');

/**
 * @typedef {import('../store/contract').Contract} Contract
 * @typedef {import('./codec').Wrapper} Wrapper
 */

/** @type {WeakMap<Wrapper, Contract>} one for each copy of the SDK, so that its clients share items */
const contracts = new WeakMap();

/**
 * @param {any} context what an SDK client calls the store with
 * @param {Wrapper | undefined} given the class of the `sdk` option
 * @returns {Contract}
 * @throws {Error} when it can't be found which SDK that is
 */
function contractOf(context, given) {
  const wrapper = given || findWrapper(context);
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
