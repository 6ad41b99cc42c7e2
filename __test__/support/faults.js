'use strict';

/**
 * Interceptors for the engine proxy that simulate faults between a store and DynamoDB.
 */

const { HANG } = require('./engine-proxy');

/** Makes an answer with a DynamoDB error. */
function failure(status, type, message = 'made up by the test') {
  return { status, body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message } };
}

/** Makes an error that a client does not retry. */
const rejection = () => failure(400, 'ValidationException');
/** Makes an error that a client retries. */
const breakdown = () => failure(500, 'InternalServerError');

/** Answers all requests of these operations (default: all operations) with `answer`. */
function answerWith(answer, ...operations) {
  return ({ operation }) => (isAmong(operation, operations) ? answer : undefined);
}

/** Never answers requests of these operations (default: all operations). */
function hang(...operations) {
  return answerWith(HANG, ...operations);
}

function isAmong(operation, operations) {
  return operations.length === 0 || operations.includes(operation);
}

/**
 * Holds back requests of these operations (default: all operations) until a gate opens.
 *
 * @param {{opened: Promise<void>}} gate
 * @param {...string} operations
 */
function holdBack({ opened }, ...operations) {
  return async ({ operation }) => {
    if (isAmong(operation, operations)) await opened;
    return undefined;
  };
}

/** Limits the rows per page of a Query. */
function limitPages(rows) {
  return ({ operation, body }, forward) =>
    operation === 'Query' ? forward({ ...body, Limit: rows }) : undefined;
}

/** Answers the n-th page of every Query with `answer`, each time it is requested. */
function failPage(number, answer) {
  /** The pages after the first one, by their start keys, for each queried namespace. */
  const queries = new Map();
  return ({ operation, body }) => {
    if (operation !== 'Query') return undefined;
    const namespace = JSON.stringify(body.ExpressionAttributeValues);
    const start = body.ExclusiveStartKey?.key.S;
    if (start === undefined) queries.set(namespace, new Map());
    const pages = queries.get(namespace);
    if (start !== undefined && !pages.has(start)) pages.set(start, pages.size + 2);
    return (start === undefined ? 1 : pages.get(start)) === number ? answer : undefined;
  };
}

/**
 * Withholds a share of the rows of each BatchWriteItem and returns them as unprocessed.
 *
 * @param {number} share from 0 to 1
 * @param {number} seed
 */
function unprocessed(share, seed) {
  const random = randomNumbers(seed);
  return async ({ operation, body }, forward) => {
    if (operation !== 'BatchWriteItem') return undefined;
    const [[table, requests]] = Object.entries(body.RequestItems);
    const withheld = [];
    const passed = [];
    for (const request of requests) (random() < share ? withheld : passed).push(request);
    if (withheld.length === 0) return undefined;
    const nothing = { status: 200, body: { UnprocessedItems: {} } };
    const answer =
      passed.length > 0 ? await forward({ RequestItems: { [table]: passed } }) : nothing;
    if (answer.status !== 200) return answer;
    const left = answer.body.UnprocessedItems?.[table] || [];
    const UnprocessedItems = { [table]: [...left, ...withheld] };
    return { status: 200, body: { ...answer.body, UnprocessedItems } };
  };
}

/**
 * Makes numbers from 0 to below 1, the same for the same seed (a linear congruential generator).
 *
 * @param {number} seed
 * @returns {() => number}
 */
function randomNumbers(seed) {
  let state = BigInt(seed);
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number(state >> 32n) / 2 ** 32;
  };
}

module.exports = {
  answerWith,
  breakdown,
  failPage,
  failure,
  hang,
  holdBack,
  limitPages,
  randomNumbers,
  rejection,
  unprocessed,
};
