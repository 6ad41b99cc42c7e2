'use strict';

/**
 * What the native store asks this thread: for credentials and options that take time, for an answer of the
 * caller's own client, for Node's certificates. A question has a number, under which it is answered.
 *
 * @typedef {import('../../binding').NativeClientOptions} NativeClientOptions
 * @typedef {NativeClientOptions & Functions} ClientOptions options, and whom to ask for the rest
 *
 * @typedef {object} Functions
 * @property {() => Promise<Answer>} [askCredentials]
 * @property {() => Promise<Answer>} [askOptions] whose value may hold functions again
 *
 * @typedef {{value: any} | {failure: string}} Answer
 */

const { inBackground } = require('../host/async-context');
const { respond } = require('./addon');
const { bare } = require('../host/own');
const { nodeRoots } = require('./root-certificates');

class HostFunctions {
  /**
   * @param {import('../options').CallClient} [callClient] asks the caller's own client
   */
  constructor(callClient) {
    this.callClient = callClient;
    /** @type {Functions} */
    this.functions = {};
  }

  /**
   * The caller's client is called in the asynchronous context of the request that it is called for.
   * Credentials and options are for all requests, and asked for in nobody's.
   *
   * @param {import('./response-queue').ResponseQueue} queue of the native store that asks
   * @returns what that calls: it never throws
   */
  callableFrom(queue) {
    return (
      /** @type {number} */ id,
      /** @type {string} */ subject,
      /** @type {string} */ text,
      /** @type {number | null} */ request
    ) => {
      const isForRequest = subject === 'client' && request !== null;
      const requester = isForRequest ? queue.requesterOf(request) : undefined;
      const ask = () => {
        this.answer(subject, text).then(
          (answer) => respond(id, typeof answer === 'string' ? answer : undefined),
          () => respond(id)
        );
      };
      if (requester) requester.runInAsyncScope(ask);
      else inBackground(ask);
    };
  }

  /**
   * @param {ClientOptions} options
   * @returns {NativeClientOptions} the same, with word of the functions in their place
   */
  withoutFunctions(options) {
    const { askCredentials, askOptions, ...plain } = bare(options);
    Object.assign(this.functions, askCredentials && { askCredentials });
    Object.assign(this.functions, askOptions && { askOptions });
    // Native code reads what an object inherits, too.
    return bare(plain, {
      asksCredentials: askCredentials !== undefined,
      asksOptions: askOptions !== undefined,
    });
  }

  /**
   * @param {string} subject
   * @param {string} text
   * @returns {Promise<string | undefined>}
   */
  async answer(subject, text) {
    const { askCredentials, askOptions } = this.functions;
    switch (subject) {
      case 'roots':
        return nodeRoots();
      case 'client':
        return this.callClient && this.callClient(text);
      case 'credentials':
        return askCredentials && JSON.stringify(await askCredentials());
      case 'options': {
        /** @type {any} */
        const answer = askOptions && (await askOptions());
        if (answer && answer.value) answer.value = this.withoutFunctions(answer.value);
        return JSON.stringify(answer, finite);
      }
      default:
        return undefined;
    }
  }
}

/**
 * JSON has no infinity, which a time may be.
 *
 * @param {string} _name
 * @param {any} value
 */
function finite(_name, value) {
  return value === Number.POSITIVE_INFINITY ? Number.MAX_VALUE : value;
}

module.exports = { HostFunctions };
