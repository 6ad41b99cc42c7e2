'use strict';

/**
 * Functions that native code calls. A call has a number; its result goes to `respond` with that number.
 *
 * @typedef {import('./options').NativeClientOptions} NativeClientOptions
 * @typedef {NativeClientOptions & ClientFunctions} ClientOptions
 *
 * @typedef {object} ClientFunctions those among the options of the client
 * @property {() => Promise<Outcome>} [credentialsProvider] returns `NativeCredentials`
 * @property {() => Promise<Outcome>} [deferredOptions] returns `ClientOptions`
 *
 * @typedef {{value: any} | {failure: string}} Outcome the failure is a text without secrets
 */

const { inBackground } = require('../host/async-context');
const { respond } = require('./addon');
const { bare } = require('../host/own');
const { toNativeJson } = require('./options');
const { nodeRoots } = require('./root-certificates');

class HostFunctions {
  /**
   * @param {import('../js-client').CallClient} [callClient] sends a request through the JS client
   */
  constructor(callClient) {
    /**
     * The functions by their names in `src/binding/host_functions.rs`.
     *
     * @type {Record<string, undefined | ((argument: string) => any)>}
     */
    this.functions = bare({ jsClient: callClient, rootCertificates: nodeRoots });
  }

  /**
   * The JS client is called in the asynchronous context of the request that needs it. The other functions serve all
   * requests and are called in the background context.
   *
   * @param {import('./response-queue').ResponseQueue} queue the native store's
   * @returns the function that the native store calls, which never throws
   */
  callableFrom(queue) {
    return (
      /** @type {number} */ id,
      /** @type {string} */ name,
      /** @type {string} */ argument,
      /** @type {number | null} */ request
    ) => {
      const isForRequest = name === 'jsClient' && request !== null;
      const requester = isForRequest ? queue.requesterOf(request) : undefined;
      const call = () => {
        this.call(name, argument).then(
          (result) => respond(id, typeof result === 'string' ? result : undefined),
          () => respond(id)
        );
      };
      if (requester) requester.runInAsyncScope(call);
      else inBackground(call);
    };
  }

  /**
   * @param {string} name
   * @param {string} argument
   * @returns {Promise<string | undefined>}
   */
  async call(name, argument) {
    const call = this.functions[name];
    return call && call(argument);
  }

  /**
   * Keeps the functions among the options.
   *
   * @param {ClientOptions} options
   * @returns {NativeClientOptions} the options, with flags instead of the functions
   */
  withoutFunctions(options) {
    const { credentialsProvider, deferredOptions, ...native } = bare(options);
    if (credentialsProvider) {
      native.hasCredentialsProvider = true;
      this.functions.credentials = async () => toNativeJson(await credentialsProvider());
    }
    if (deferredOptions) {
      native.hasDeferredOptions = true;
      this.functions.deferredOptions = async () => {
        const outcome = await deferredOptions();
        const { value } = outcome;
        // These may have a credentials provider, too.
        return toNativeJson(value ? { value: this.withoutFunctions(value) } : outcome);
      };
    }
    return bare(native);
  }
}

module.exports = { HostFunctions };
