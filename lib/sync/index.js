'use strict';

/**
 * `syncFlags(…)`: brings the table to the flags and segments that LaunchDarkly has now, once.
 *
 * @typedef {import('./options').SyncOptions} SyncOptions
 * @typedef {import('../native/options').NativeClientOptions} NativeClientOptions
 * @typedef {import('../..').ErrorCode} ErrorCode
 * @typedef {import('../..').SyncResult} SyncResult
 * @typedef {import('./repeat').Synced} Synced
 */

const { LogRouter } = require('../logging/router');
const { CallError, codeOf, describeFailure, isCallError } = require('../logging/redaction');
const { NativeStore } = require('../native/addon');
const { toNativeJson } = require('../native/options');
const { ResponseQueue } = require('../native/response-queue');
const { fetchFlags } = require('./launchdarkly');
const { syncOptions } = require('./options');
const { writeNewest } = require('./repeat');
const { withoutKey } = require('./without-key');

/**
 * @param {string} tableName
 * @param {object | null} [options]
 * @returns {Promise<SyncResult>}
 */
async function syncFlags(tableName, options) {
  const read = syncOptions(tableName, options);
  const { logger, requestLogger, warnings } = read.store;
  const logs = new SyncLogs(read.sdkKey, 'syncFlags', tableName, logger, requestLogger);
  if (!logger) logs.useConsoleLogger();
  for (const warning of warnings) logs.log('warn', 'OPTION_IGNORED', warning);
  try {
    return await sync(read, logs);
  } catch (failure) {
    const text = describeFailure(failure);
    throw logs.error(codeOf(failure), isCallError(failure) ? text : `sync: ${text}`);
  }
}

/** Log lines and errors without the SDK key. */
class SyncLogs extends LogRouter {
  /**
   * @param {string} key
   * @param {ConstructorParameters<typeof LogRouter>} others
   */
  constructor(key, ...others) {
    super(...others);
    this.key = key;
  }

  /**
   * @param {import('../..').LogCode} code
   * @param {string} text
   * @returns {string}
   */
  line(code, text) {
    return withoutKey(this.key, super.line(code, text));
  }
}

/**
 * @param {SyncOptions} options
 * @param {LogRouter} logs
 * @returns {Promise<SyncResult>}
 */
async function sync(options, logs) {
  const client = await resolved(options.client);
  const data = await fetchFlags(options, client, options.etag);
  if (data.json === undefined) {
    return { put: 0, deleted: 0, unchanged: 0, etag: data.etag, notModified: true };
  }
  const table = new Table(options, logs);
  try {
    const fetchAgain = () => fetchFlags(options, client, undefined);
    const done = await writeNewest(data, fetchAgain, (json) => table.sync(json));
    return { ...done, notModified: false };
  } finally {
    await table.close();
  }
}

/**
 * @param {import('../native/host-functions').ClientOptions} client
 * @returns {Promise<NativeClientOptions>} the options after those that are functions
 */
async function resolved(client) {
  if (!client.deferredOptions) return client;
  const outcome = await client.deferredOptions();
  if ('failure' in outcome) throw new CallError(outcome.failure, 'INVALID_OPTION');
  return outcome.value;
}

/** The native store for one sync. */
class Table {
  /**
   * @param {SyncOptions} options
   * @param {LogRouter} logs
   */
  constructor({ allowOlder, allowEmpty, store }, logs) {
    this.rules = { allowOlder, allowEmpty };
    this.queue = new ResponseQueue(logs);
    const callHost = store.hostFunctions.callableFrom(this.queue);
    this.native = new NativeStore(toNativeJson(store.native), this.queue.deliver, callHost);
    logs.location = this.native.location();
  }

  /**
   * @param {string} json LaunchDarkly's answer
   * @returns {Promise<Synced>}
   */
  sync(json) {
    const { allowOlder, allowEmpty } = this.rules;
    return this.request('sync', (native, id) => native.sync(id, json, allowOlder, allowEmpty));
  }

  /**
   * @param {string} what
   * @param {(native: import('../../binding').NativeStore, id: number) => void} start
   * @returns {Promise<any>}
   */
  request(what, start) {
    const toError = (/** @type {ErrorCode} */ code, /** @type {string} */ message) =>
      new CallError(message, code);
    return this.queue.request(this.native, what, start, toError);
  }

  /** @returns {Promise<void>} */
  async close() {
    const closed = this.request('close', (native, id) => native.close(id));
    this.native.noMoreRequests();
    await closed;
    await new Promise((/** @type {(value?: any) => void} */ resolve) => {
      this.queue.close(this.native, resolve);
    });
  }
}

module.exports = { syncFlags };
