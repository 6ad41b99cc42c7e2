'use strict';

/**
 * Fetches the flags and segments of an environment from LaunchDarkly's polling endpoint, which a Relay Proxy has, too.
 *
 * @typedef {import('http').ClientRequest} ClientRequest
 * @typedef {import('http').IncomingMessage} IncomingMessage
 */

const { Writable, pipeline } = require('stream');
const { URL } = require('url');
const zlib = require('zlib');

const { clearTimeout, setTimeout } = require('../host/event-loop');
const { CallError, describeFailure } = require('../logging/redaction');
const { isEtag } = require('./options');
const { proxyFor, request, trusted } = require('./proxy');

/** The most bytes of an answer. LaunchDarkly's largest environments have a tenth of that. */
const MOST_BYTES = 96 * 1024 * 1024;
/** Node ends longer timers at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * @typedef {object} FlagData
 * @property {string} [json] the data; absent if it is what the `etag` of the request names
 * @property {string} [etag]
 */

/**
 * @param {import('./options').SyncOptions} options
 * @param {import('../native/options').NativeClientOptions} client the options of the connection
 * @param {string | undefined} etag
 * @returns {Promise<FlagData>}
 * @throws {CallError}
 */
function fetchFlags({ sdkKey, baseUri, timeoutMs, store }, client, etag) {
  const { environment } = store.native;
  const url = new URL(`${baseUri.href.replace(/\/+$/, '')}/sdk/latest-all`);
  const headers = {
    Authorization: sdkKey,
    Accept: 'application/json',
    'Accept-Encoding': 'gzip',
    'User-Agent': 'dynamodb-feature-store',
    ...(etag === undefined ? {} : { 'If-None-Match': etag }),
  };
  const from = url.origin;
  return new Promise((resolve, reject) => {
    /** @type {ClientRequest | undefined} */
    let current;
    const end = (/** @type {() => void} */ settle) => {
      clearTimeout(timer);
      settle();
      if (current) current.destroy();
    };
    const failed = (/** @type {unknown} */ failure) => {
      end(() => reject(unreachable(from, failure)));
    };
    const timer = setTimeout(
      () => {
        const seconds = timeoutMs / 1000;
        const message = `${from} did not answer completely within ${seconds} s`;
        end(() => reject(new CallError(message, 'LAUNCHDARKLY_TIMED_OUT')));
      },
      Math.min(timeoutMs, LONGEST_TIMER_MS)
    );
    const made = (/** @type {ClientRequest} */ sent) => {
      current = sent;
      sent.on('error', failed);
      if (sent.method === 'CONNECT') return;
      sent.on('response', (response) => {
        answerOf(from, response, etag).then(
          (answer) => end(() => resolve(answer)),
          (failure) => end(() => reject(failure))
        );
      });
      sent.end();
    };
    try {
      const proxy = proxyFor(url, client, environment);
      request(url, headers, proxy, trusted(client, environment), made, failed);
    } catch (failure) {
      failed(failure);
    }
  });
}

/**
 * @param {string} from
 * @param {unknown} failure
 * @returns {CallError}
 */
function unreachable(from, failure) {
  const message = `${from} can't be reached: ${describeFailure(failure)}`;
  return new CallError(message, 'LAUNCHDARKLY_UNAVAILABLE');
}

/**
 * @param {string} from
 * @param {IncomingMessage} response
 * @param {string | undefined} etag of the request
 * @returns {Promise<FlagData>}
 */
async function answerOf(from, response, etag) {
  const status = response.statusCode || 0;
  if (status === 200) {
    const { etag: newEtag } = response.headers;
    return { json: await bodyOf(from, response), etag: isEtag(newEtag) ? newEtag : undefined };
  }
  if (status === 304 && etag !== undefined) return { etag };
  if (status === 401 || status === 403) {
    throw new CallError(`${from} rejects the SDK key (${status})`, 'BAD_SDK_KEY');
  }
  if (status === 407) throw unreachable(from, new Error('the proxy answers 407'));
  if (status === 408 || status === 429 || status >= 500) {
    throw new CallError(`${from} answers ${status}; sync again later`, 'LAUNCHDARKLY_UNAVAILABLE');
  }
  const why =
    status >= 300 && status < 400
      ? 'redirects are not followed: correct baseUri'
      : 'baseUri is not that of LaunchDarkly or a Relay Proxy, or the environment does not exist';
  throw new CallError(`${from} answers ${status}: ${why}`, 'LAUNCHDARKLY_REFUSED');
}

/**
 * @param {string} from
 * @param {IncomingMessage} response
 * @returns {Promise<string>}
 */
function bodyOf(from, response) {
  const encoding = (response.headers['content-encoding'] || 'identity').toLowerCase();
  if (encoding !== 'gzip' && encoding !== 'identity') {
    const message = `the answer of ${from} has an encoding other than gzip`;
    return Promise.reject(new CallError(message, 'LAUNCHDARKLY_BAD_ANSWER'));
  }
  /** @type {Buffer[]} */
  const chunks = [];
  let bytes = 0;
  const body = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(chunk);
      bytes += chunk.length;
      done(
        bytes > MOST_BYTES
          ? new CallError(
              `the answer of ${from} has more than 96 MiB, which are no flags`,
              'LAUNCHDARKLY_BAD_ANSWER'
            )
          : null
      );
    },
  });
  const received = new Promise((resolve, reject) => {
    const ended = (/** @type {any} */ failure) => {
      if (failure instanceof CallError) reject(failure);
      else if (failure && failure.code === 'Z_DATA_ERROR') {
        const message = `the answer of ${from} is not valid gzip`;
        reject(new CallError(message, 'LAUNCHDARKLY_BAD_ANSWER'));
      } else if (failure || !response.complete) {
        const message = `the answer of ${from} was cut off; sync again later`;
        reject(new CallError(message, 'LAUNCHDARKLY_UNAVAILABLE'));
      } else resolve(undefined);
    };
    if (encoding === 'gzip') pipeline(response, zlib.createGunzip(), body, ended);
    else pipeline(response, body, ended);
  });
  return received.then(() => textOf(from, Buffer.concat(chunks)));
}

/**
 * @param {string} from
 * @param {Buffer} bytes
 * @returns {string}
 * @throws {CallError} if they are not UTF-8, which must not become flags with replaced characters
 */
function textOf(from, bytes) {
  const text = bytes.toString();
  if (Buffer.from(text).equals(bytes)) return text;
  throw new CallError(`the answer of ${from} is not UTF-8`, 'LAUNCHDARKLY_BAD_ANSWER');
}

module.exports = { fetchFlags };
