'use strict';

/**
 * Calls clients of versions 2 and 3 of the AWS SDK, and objects with the same methods.
 */

const { newCommand } = require('./commands');
const { clearTimeout, setTimeout } = require('../host/event-loop');

/** The longest timer that Node has, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/**
 * The methods of plain clients and of document clients, by operation.
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
 * @returns {boolean} whether it is a document client, which takes plain JavaScript values
 */
function isDocument(client) {
  const has = (/** @type {0 | 1} */ form) =>
    Object.values(METHODS).some(
      (names) => names[0] !== names[1] && typeof client[names[form]] === 'function'
    );
  if (has(0)) return false;
  if (has(1)) return true;
  // Version 3's document client has no methods of its own; only its class identifies it.
  if (typeof client.send === 'function') return hasDocumentClass(client);
  return true;
}

/**
 * @param {any} client
 * @returns {boolean}
 */
function hasDocumentClass(client) {
  const { constructor: Class } = client;
  // Bundlers may rename classes. Only the document client's class has `from`.
  return (
    typeof Class === 'function' && (typeof Class.from === 'function' || /Document/.test(Class.name))
  );
}

/**
 * @param {any} client
 * @param {string} operation
 * @param {object} params
 * @param {number} time in milliseconds until the request is aborted, which frees its connection
 * @returns {Promise<any>} the client's first answer; later ones are ignored
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
 * Calls a client of version 2, or an object whose method returns a promise instead of calling back.
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
    if (typeof returned.abort === 'function')
      timer = unreferencedTimer(time, () => abort(returned));
    if (typeof returned.then === 'function') {
      returned.then(resolve, reject);
    } else if (typeof returned.promise === 'function' && typeof returned.send !== 'function') {
      // A test double. `promise()` of a real request of the SDK would send it again.
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
 * @param {{abort: () => void}} request
 */
function abort(request) {
  try {
    request.abort();
  } catch (_) {
    // Nothing waits for this request any more.
  }
}

/**
 * @param {number} time in milliseconds
 * @returns {{signal?: AbortSignal, clear: () => void}} no signal if Node has no `AbortController`
 */
function abortedAfter(time) {
  if (typeof AbortController === 'undefined') return { clear: () => {} };
  const controller = new AbortController();
  const timer = unreferencedTimer(time, () => controller.abort());
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/**
 * @param {number} time in milliseconds
 * @param {() => void} callback
 * @returns {NodeJS.Timeout} a timer that does not keep the process alive
 */
function unreferencedTimer(time, callback) {
  return setTimeout(callback, Math.min(time, MAX_TIMER_MS)).unref();
}

module.exports = { METHODS, isDocument, send };
