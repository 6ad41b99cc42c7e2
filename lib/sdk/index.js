'use strict';

/**
 * Returns the contract of the SDK 8 or 9 that a client comes from.
 */

const { processedContract } = require('../store/contract');
const { newCodec } = require('./codec');
const { SDK, findWrapper } = require('./find');

/**
 * @typedef {import('../store/contract').Contract} Contract
 * @typedef {import('./sdk-codec').Wrapper} Wrapper
 */

/**
 * The members of the error.
 *
 * @type {{code: import('../..').ErrorCode}}
 */
const NOT_FOUND = { code: 'SDK_NOT_FOUND' };
/** @type {WeakMap<Wrapper, Contract>} one contract per copy of the SDK, whose clients share items */
const contracts = new WeakMap();

/**
 * @param {any} context the context that the SDK client passes to the store
 * @param {Wrapper | undefined} configured the wrapper from the option `sdk`
 * @param {Function} called the function of this package that the client calls
 * @returns {Contract}
 * @throws {Error} if the client's SDK can't be found
 */
function contractOf(context, configured, called) {
  const wrapper = configured || findWrapper(context, called);
  if (!wrapper) {
    const failure = new Error(
      `DynamoDBFeatureStore: the ${SDK} that calls can't be found, as in a bundle. ` +
        `Give it as the option sdk: DynamoDBFeatureStore(table, { sdk: require('${SDK}') })`
    );
    throw Object.assign(failure, NOT_FOUND);
  }
  let contract = contracts.get(wrapper);
  if (contract === undefined) {
    contract = processedContract(newCodec(wrapper));
    contracts.set(wrapper, contract);
  }
  return contract;
}

module.exports = { contractOf };
