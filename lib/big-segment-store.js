'use strict';

/**
 * What `DynamoDBBigSegmentStore(…)` returns: which big segments a context is in, as the Relay Proxy has
 * written it. SDKs keep the answers for a while themselves, and want to know of failures.
 */

const { LogRouter } = require('./logging/router');
const { Mailbox } = require('./native/response-queue');
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
  const { native, questions, logger, requestLogger, warnings } = bigSegmentOptions(
    tableName,
    options
  );
  const logs = new LogRouter(logger, requestLogger, 'DynamoDBBigSegmentStore');
  for (const warning of warnings) logs.log('warn', `DynamoDBBigSegmentStore: ${warning}`);
  return storeValue(logs, () => new BigSegments(native, logs, questions), viewMethods);
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
    view.asked();
    try {
      return await ask(view.core);
    } finally {
      view.told();
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
   * @param {import('./native/host-functions').Questions} questions what the native store asks
   */
  constructor(options, logs, questions) {
    this.closed = false;
    this.onClosed = () => {};
    this.mailbox = new Mailbox(logs);
    const asked = questions.askedBy(this.mailbox);
    this.native = new NativeBigSegmentStore(options, this.mailbox.deliver, asked);
  }

  /**
   * @param {string} what
   * @param {(native: NativeBigSegmentStore, id: number) => void} start
   * @returns {Promise<any>}
   */
  ask(what, start) {
    return this.mailbox.ask(this.native, what, start, failure);
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
    this.mailbox.close(this.native, this.onClosed);
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
