'use strict';

/**
 * `DynamoDBBigSegmentStore(…)`: reads the big segment memberships that the Relay Proxy writes. It caches
 * nothing, and failures reject the promise: SDKs cache memberships and handle failures themselves.
 */

const { LogRouter } = require('./logging/router');
const { ResponseQueue } = require('./native/response-queue');
const { NativeBigSegmentStore } = require('./native/addon');
const { toNativeJson } = require('./native/options');
const { bigSegmentOptions } = require('./options');
const { storeValue } = require('./store/store-value');

/**
 * @typedef {import('./native/options').NativeOptions} NativeOptions
 * @typedef {import('./native/response-queue').Answer} Answer
 */

/**
 * @param {string} tableName
 * @param {object | null} [options]
 */
function DynamoDBBigSegmentStore(tableName, options) {
  const { native, hostFunctions, logger, requestLogger, warnings } = bigSegmentOptions(
    tableName,
    options
  );
  const logs = new LogRouter('DynamoDBBigSegmentStore', tableName, logger, requestLogger);
  const store = storeValue(
    logs,
    () => new BigSegments(native, logs, hostFunctions),
    (access) => viewMethods(logs, access)
  );
  // Lines name the place of the table, which the native store knows.
  for (const warning of warnings) logs.log('warn', 'OPTION_IGNORED', warning);
  return store;
}

/**
 * @param {LogRouter} logs
 * @param {import('./store/store-value').Access<BigSegments>} access
 */
function viewMethods(logs, access) {
  /**
   * @param {(segments: BigSegments) => Promise<any>} read
   */
  async function trackRequest(read) {
    const view = access.view();
    if (!view) throw logs.error('CLOSED', 'the big segment store is closed');
    view.requestStarted();
    try {
      return await read(view.core);
    } finally {
      view.requestEnded();
    }
  }

  return {
    getMetadata() {
      return trackRequest(async (segments) => {
        const time = await segments.request('getMetadata', (native, id) => native.lastUpToDate(id));
        return { lastUpToDate: time === null ? undefined : time };
      });
    },

    /**
     * @param {string} userHash
     */
    getUserMembership(userHash) {
      return trackRequest(async (segments) => {
        if (typeof userHash !== 'string') {
          throw logs.error(
            'INVALID_DATA',
            `the hash must be a text, not of type ${typeof userHash}`
          );
        }
        return segments.request('getUserMembership', (native, id) =>
          native.membership(id, userHash)
        );
      });
    },

    close() {
      return access.close();
    },
  };
}

/** The native store of one table, prefix and client. */
class BigSegments {
  /**
   * @param {NativeOptions} options
   * @param {LogRouter} logs
   * @param {import('./native/host-functions').HostFunctions} hostFunctions
   */
  constructor(options, logs, hostFunctions) {
    this.logs = logs;
    this.closed = false;
    this.onClosed = () => {};
    this.queue = new ResponseQueue(logs);
    const callHost = hostFunctions.callableFrom(this.queue);
    this.native = new NativeBigSegmentStore(toNativeJson(options), this.queue.deliver, callHost);
    logs.location = this.native.location();
  }

  /**
   * @param {string} what
   * @param {(native: NativeBigSegmentStore, id: number) => void} start
   * @returns {Promise<any>}
   */
  request(what, start) {
    return this.queue.request(this.native, what, start, (code, message) =>
      this.logs.error(code, message)
    );
  }

  /** @returns {Promise<void>} */
  close() {
    return new Promise((resolve) => {
      this.onClosed = resolve;
    });
  }

  /** Ends the store. Call it after `close`, when no request will follow. */
  noMoreRequests() {
    this.closed = true;
    this.native.close();
    this.queue.close(this.native, this.onClosed);
  }
}

module.exports = { DynamoDBBigSegmentStore };
