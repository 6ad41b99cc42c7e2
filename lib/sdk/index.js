'use strict';

/**
 * Returns the contract of the SDK 8 or 9 that a client comes from.
 */

const { processedContract } = require('../store/contract');
const { newCodec } = require('./codec');
const { SDK, findSdk } = require('./find');

/**
 * @typedef {import('../store/contract').Contract} Contract
 * @typedef {import('./sdk-codec').Wrapper} Wrapper
 * @typedef {import('../logging/router').LogRouter} LogRouter
 */

const REMEDY = `Give it as the option sdk: DynamoDBFeatureStore(table, { sdk: require('${SDK}') })`;

/**
 * The members of the error.
 *
 * @type {{code: import('../..').ErrorCode}}
 */
const NOT_FOUND = { code: 'SDK_NOT_FOUND' };
/** @type {WeakMap<Wrapper, Contract>} one contract per copy of the SDK, whose clients share items */
const contracts = new WeakMap();

/** @type {WeakSet<Wrapper>} the copies of the SDK that a warning was logged about */
const warnedOf = new WeakSet();

/**
 * @param {LogRouter} logs
 * @param {any} context the context that the SDK client passes to the store
 * @param {Wrapper | undefined} configured the wrapper from the option `sdk`
 * @param {Function} called the function of this package that the client calls
 * @returns {Contract}
 * @throws {Error} if the client's SDK can't be found
 */
function contractOf(logs, context, configured, called) {
  const wrapper = configured || foundWrapper(logs, context, called);
  let contract = contracts.get(wrapper);
  if (contract === undefined) {
    contract = processedContract(newCodec(wrapper));
    contracts.set(wrapper, contract);
  }
  return contract;
}

/**
 * @param {LogRouter} logs
 * @param {any} context
 * @param {Function} called
 * @returns {Wrapper}
 * @throws {Error} if the client's SDK can't be found
 */
function foundWrapper(logs, context, called) {
  const found = findSdk(context, called);
  if (!found) {
    const failure = new Error(
      `DynamoDBFeatureStore: the ${SDK} that calls can't be found, as in a bundle. ${REMEDY}`
    );
    throw Object.assign(failure, NOT_FOUND);
  }
  const { Wrapper, otherCopyOf } = found;
  if (otherCopyOf && !warnedOf.has(Wrapper)) {
    warnedOf.add(Wrapper);
    logs.log(
      'warn',
      NOT_FOUND.code,
      `the ${SDK} that calls can't be found, as in a bundle. The copy that ` +
        `${otherCopyOf} loads takes its place, which may be of another version. ${REMEDY}`
    );
  }
  return Wrapper;
}

module.exports = { contractOf };
