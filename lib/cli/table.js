'use strict';

/**
 * Access to a table for the commands.
 */

const { LogRouter } = require('../logging/router');
const { NativeTable } = require('../native/addon');
const { toNativeJson } = require('../native/options');
const { ResponseQueue } = require('../native/response-queue');
const { storeOptions } = require('../options');
const { UsageError } = require('./arguments');

/** Log lines go to standard error, results to standard output. */
const LOGGER = {
  error: (/** @type {string} */ line) => console.error(line),
  warn: (/** @type {string} */ line) => console.error(line),
};

/** The time-out for one page of rows, in seconds. */
const READ_TIMEOUT = 30;
/** Few attempts, because a person waits for the command. */
const MAX_ATTEMPTS = 5;

class Table {
  /**
   * @param {import('./arguments').Values} values
   */
  constructor({ table, prefix, endpoint, region, profile }) {
    const logs = new LogRouter('DynamoDBFeatureStore', table, LOGGER);
    for (const [name, value] of Object.entries({ endpoint, region, profile })) {
      // Stores treat some empty options as not set. Here an empty option is a script's empty variable.
      if (value === '') throw new UsageError(`--${name} must not be empty.`);
    }
    const clientOptions = { endpoint, region, profile, maxAttempts: MAX_ATTEMPTS };
    const { native, hostFunctions } = checked(() =>
      storeOptions(table, { prefix, clientOptions, readTimeout: READ_TIMEOUT })
    );
    this.name = table;
    this.queue = new ResponseQueue(logs);
    const callHost = hostFunctions.callableFrom(this.queue);
    const isWhole = prefix === undefined;
    this.native = new NativeTable(toNativeJson(native), this.queue.deliver, callHost, isWhole);
    logs.location = this.native.location();
  }

  /** @returns {Promise<{region: string, accessKeyId: string}>} */
  caller() {
    return this.request('caller', (native, id) => native.caller(id));
  }

  describe() {
    return this.request('describe', (native, id) => native.describe(id));
  }

  /**
   * @param {[number, number]} [units] read and write capacity units per second; on-demand if absent
   */
  create([read, write] = /** @type {any} */ ([])) {
    return this.request('create', (native, id) => native.create(id, read, write));
  }

  /**
   * @param {(rows: number) => void} onProgress
   * @returns {Promise<any>} the contents of the table
   */
  async inspect(onProgress) {
    for (;;) {
      const { rows, done } = await this.request('inspect', (native, id) => native.inspectOn(id));
      if (done) return JSON.parse(this.native.report());
      onProgress(rows);
    }
  }

  /**
   * @param {string} kind
   * @returns {Promise<any[]>}
   */
  list(kind) {
    return this.request('list', (native, id) => native.list(id, kind));
  }

  /**
   * @param {string} kind
   * @param {string} key
   */
  get(kind, key) {
    return this.request('get', (native, id) => native.get(id, kind, key));
  }

  /**
   * @param {string} what
   * @param {(native: NativeTable, id: number) => void} start
   * @returns {Promise<any>}
   */
  request(what, start) {
    return this.queue.request(this.native, what, start, (code, message) =>
      Object.assign(new Error(`table ${JSON.stringify(this.name)}: ${withCliNames(message)}`), {
        code,
      })
    );
  }
}

/**
 * @param {string} message
 * @returns {string} the message with the command line's names of the options
 */
function withCliNames(message) {
  return message.replace(/\bclientOptions\.(endpoint|profile|region)\b/g, '--$1');
}

/**
 * @template T
 * @param {() => T} read
 * @returns {T}
 * @throws {UsageError} for a value that stores reject
 */
function checked(read) {
  try {
    return read();
  } catch (failure) {
    throw failure instanceof TypeError
      ? new UsageError(`${withCliNames(failure.message)}.`)
      : failure;
  }
}

module.exports = { Table };
