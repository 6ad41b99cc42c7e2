'use strict';

/**
 * What `DynamoDBBigSegmentStore(…)` returns: which big segments a context is in, as the Relay Proxy has
 * written it. SDKs keep the answers for a while themselves, and want to know of failures.
 */

const { LogRouter } = require('./logging/router');
const { ResponseQueue } = require('./native/response-queue');
const { NativeBigSegmentStore } = require('./native/addon');
const { bigSegmentOptions } = require('./options');
const { storeValue } = require('./store/store-value');

/**
 * @typedef {import('../binding').NativeOptions} NativeOptions
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
  const logs = new LogRouter(logger, requestLogger, 'DynamoDBBigSegmentStore');
  for (const warning of warnings) logs.log('warn', `DynamoDBBigSegmentStore: ${warning}`);
  return storeValue(logs, () => new BigSegments(native, logs, hostFunctions), viewMethods);
}

/**
 * @param {import('./store/store-value').Access<BigSegments>} access
 */
function viewMethods(access) {
  /**
   * @param {(segments: BigSegments) => Promise<any>} ask
   */
  async function asking(ask) {
    const view = access.view();
    if (!view) throw failure('CLOSED', 'the big segment store is closed');
    view.requestStarted();
    try {
      return await ask(view.core);
    } finally {
      view.requestEnded();
    }
  }

  return {
    getMetadata() {
      return asking(async (segments) => {
        const time = await segments.ask('getMetadata', (native, id) => native.lastUpToDate(id));
        return { lastUpToDate: time === null ? undefined : time };
      });
    },

    /**
     * @param {string} userHash
     */
    getUserMembership(userHash) {
      return asking(async (segments) => {
        if (typeof userHash !== 'string') {
          throw failure('INVALID_DATA', `the hash must be a text, not of type ${typeof userHash}`);
        }
        return segments.ask('getUserMembership', (native, id) => native.membership(id, userHash));
      });
    },

    close() {
      return access.close();
    },
  };
}

/** One table, prefix and client. */
class BigSegments {
  /**
   * @param {NativeOptions} options
   * @param {LogRouter} logs
   * @param {import('./native/host-functions').HostFunctions} hostFunctions what the native store asks
   */
  constructor(options, logs, hostFunctions) {
    this.closed = false;
    this.onClosed = () => {};
    this.queue = new ResponseQueue(logs);
    const asked = hostFunctions.callableFrom(this.queue);
    this.native = new NativeBigSegmentStore(options, this.queue.deliver, asked);
  }

  /**
   * @param {string} what
   * @param {(native: NativeBigSegmentStore, id: number) => void} start
   * @returns {Promise<any>}
   */
  ask(what, start) {
    return this.queue.ask(this.native, what, start, failure);
  }

  /** @returns {Promise<void>} */
  close() {
    return new Promise((resolve) => {
      this.onClosed = resolve;
    });
  }

  /** To be called after `close`, when no request will follow: lets go of everything. */
  quiet() {
    this.closed = true;
    this.native.close();
    this.queue.close(this.native, this.onClosed);
  }
}

/**
 * @param {string} code
 * @param {string} message
 */
function failure(code, message) {
  return Object.assign(new Error(`DynamoDBBigSegmentStore: ${message}`), { code });
}

module.exports = { DynamoDBBigSegmentStore };
