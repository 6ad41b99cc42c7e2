'use strict';

/**
 * The functions that native code calls. Each call has a number; the result goes to `respond` with that number.
 *
 * @typedef {import('./options').NativeClientOptions} NativeClientOptions
 * @typedef {NativeClientOptions & ClientFunctions} ClientOptions
 *
 * @typedef {object} ClientFunctions the functions among the client options
 * @property {() => Promise<Outcome>} [credentialsProvider] returns `NativeCredentials`
 * @property {() => Promise<Outcome>} [deferredOptions] returns `ClientOptions`
 *
 * @typedef {{value: any} | {failure: string}} Outcome `failure` is a text without secrets
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
   * @param {import('./response-queue').ResponseQueue} queue the native store's queue
   * @returns the function that the native store calls; it never throws
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
   * Moves the functions from the options to this object.
   *
   * @param {ClientOptions} options
   * @returns {NativeClientOptions} the options with flags in place of the functions
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
        // Deferred options may also have a credentials provider.
        return toNativeJson(value ? { value: this.withoutFunctions(value) } : outcome);
      };
    }
    return bare(native);
  }
}

module.exports = { HostFunctions };
