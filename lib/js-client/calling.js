'use strict';

/**
 * How clients of versions 2 and 3 of the AWS SDK are called, and whatever has the methods of one.
 */

const { newCommand } = require('./commands');
const { clearTimeout, setTimeout } = require('../host/event-loop');

/** The longest timer that there is, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/**
 * The methods by operation: of clients whose values are typed, and of document clients.
 *
 * @type {Record<string, [string, string]>}
 */
const METHODS = {
  GetItem: ['getItem', 'get'],
  Query: ['query', 'query'],
  PutItem: ['putItem', 'put'],
  BatchWriteItem: ['batchWriteItem', 'batchWrite'],
};

/**
 * @param {any} client
 * @returns {boolean} whether its values are plain ones of JavaScript
 */
function isDocument(client) {
  const has = (/** @type {0 | 1} */ form) =>
    Object.values(METHODS).some(
      (names) => names[0] !== names[1] && typeof client[names[form]] === 'function'
    );
  if (has(0)) return false;
  if (has(1)) return true;
  // Version 3 tells its document client, which has no methods of its own, by the class alone.
  if (typeof client.send === 'function') return isOfDocumentClass(client);
  return true;
}

/**
 * @param {any} client
 * @returns {boolean}
 */
function isOfDocumentClass(client) {
  const { constructor: Class } = client;
  // Bundlers change names. Only the document client is made from another client.
  return (
    typeof Class === 'function' && (typeof Class.from === 'function' || /Document/.test(Class.name))
  );
}

/**
 * @param {any} client
 * @param {string} operation
 * @param {object} params
 * @param {number} time after which it is given up, in milliseconds, so that it does not go on to occupy
 *   a connection of the client's
 * @returns {Promise<any>} the first answer; a client may go on to give others
 */
async function send(client, operation, params, time) {
  const document = isDocument(client);
  const method = METHODS[operation][document ? 1 : 0];
  const hasMethod = typeof client[method] === 'function';
  const isVersion3 = typeof client.send === 'function';
  if (!hasMethod && !isVersion3) throw new Error(`it has no method ${method}`);
  if (!isVersion3) return withCallback(client, method, params, time);

  const { signal, clear } = abortedAfter(time);
  try {
    const options = signal ? { abortSignal: signal } : undefined;
    return await (hasMethod
      ? client[method](params, options)
      : client.send(newCommand(client, operation, params, document), options));
  } finally {
    clear();
  }
}

/**
 * Calls a client of version 2, or what returns a promise where that would call back.
 *
 * @param {any} client
 * @param {string} method
 * @param {object} params
 * @param {number} time
 * @returns {Promise<any>}
 */
function withCallback(client, method, params, time) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const answered = new Promise((resolve, reject) => {
    const returned = client[method](params, (/** @type {any} */ error, /** @type {any} */ data) => {
      if (error) reject(error);
      else resolve(data);
    });
    if (!returned) return;
    if (typeof returned.abort === 'function') timer = later(time, () => abort(returned));
    if (typeof returned.then === 'function') {
      returned.then(resolve, reject);
    } else if (typeof returned.promise === 'function' && typeof returned.send !== 'function') {
      // A double; the SDK's own request would be sent again.
      returned.promise().then(resolve, reject);
    }
  });
  const clear = () => {
    if (timer) clearTimeout(timer);
  };
  answered.then(clear, clear);
  return answered;
}

/**
 * @param {{abort: () => void}} request one that nobody waits for any more
 */
function abort(request) {
  try {
    request.abort();
  } catch (_) {
    // There is nobody to tell.
  }
}

/**
 * @param {number} time in milliseconds
 * @returns {{signal?: AbortSignal, clear: () => void}} without a signal on a Node that has none
 */
function abortedAfter(time) {
  if (typeof AbortController === 'undefined') return { clear: () => {} };
  const controller = new AbortController();
  const timer = later(time, () => controller.abort());
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/**
 * @param {number} time in milliseconds
 * @param {() => void} callback
 * @returns {NodeJS.Timeout} one that does not keep the process alive
 */
function later(time, callback) {
  return setTimeout(callback, Math.min(time, LONGEST_TIMER_MS)).unref();
}

module.exports = { METHODS, isDocument, send };
