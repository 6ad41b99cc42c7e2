'use strict';

/**
 * A table, by promises.
 */

const { UsageError } = require('./arguments');
const { NativeTable } = require('../native/addon');
const { LogRouter } = require('../logging/router');
const { ResponseQueue } = require('../native/response-queue');
const { storeOptions } = require('../options');

/** Lines go where they don't mix with what is printed. */
const LOGGER = {
  error: (/** @type {string} */ line) => console.error(line),
  warn: (/** @type {string} */ line) => console.error(line),
};

/** For a page of rows, in seconds. */
const READ_TIMEOUT = 30;
/** Somebody waits: what fails so often has to be mended by them. */
const MAX_ATTEMPTS = 5;

class Table {
  /**
   * @param {import('./arguments').Values} values
   */
  constructor({ table, prefix, endpoint, region, profile }) {
    const logs = new LogRouter(LOGGER);
    for (const [name, value] of Object.entries({ endpoint, region, profile })) {
      // Stores take some of these for not given; here it is an empty variable of a script.
      if (value === '') throw new UsageError(`--${name} must not be empty.`);
    }
    const clientOptions = { endpoint, region, profile, maxAttempts: MAX_ATTEMPTS };
    const { native, hostFunctions } = checked(() =>
      storeOptions(table, { prefix, clientOptions, readTimeout: READ_TIMEOUT })
    );
    this.name = table;
    this.queue = new ResponseQueue(logs);
    this.native = new NativeTable(
      native,
      this.queue.deliver,
      hostFunctions.callableFrom(this.queue)
    );
  }

  /** @returns {Promise<{region: string, accessKeyId: string}>} */
  caller() {
    return this.ask('caller', (native, id) => native.caller(id));
  }

  describe() {
    return this.ask('describe', (native, id) => native.describe(id));
  }

  /**
   * @param {[number, number]} [units] read and write units a second; paid for by the request without
   */
  create([read, write] = /** @type {any} */ ([])) {
    return this.ask('create', (native, id) => native.create(id, read, write));
  }

  /**
   * @param {(rows: number) => void} onProgress
   * @returns {Promise<any>} what is in the table
   */
  async inspect(onProgress) {
    for (;;) {
      const { rows, done } = await this.ask('inspect', (native, id) => native.inspectOn(id));
      if (done) return JSON.parse(this.native.report());
      onProgress(rows);
    }
  }

  /**
   * @param {string} kind
   * @returns {Promise<any[]>}
   */
  list(kind) {
    return this.ask('list', (native, id) => native.list(id, kind));
  }

  /**
   * @param {string} kind
   * @param {string} key
   */
  get(kind, key) {
    return this.ask('get', (native, id) => native.get(id, kind, key));
  }

  /**
   * @param {string} what
   * @param {(native: NativeTable, id: number) => void} start
   * @returns {Promise<any>}
   */
  ask(what, start) {
    return this.queue.ask(this.native, what, start, (code, message) =>
      Object.assign(new Error(`table ${JSON.stringify(this.name)}: ${here(message)}`), { code })
    );
  }
}

/**
 * @param {string} message
 * @returns {string} the same, with the options as they are named here
 */
function here(message) {
  return message.replace(/\bclientOptions\.(endpoint|profile|region)\b/g, '--$1');
}

/**
 * @template T
 * @param {() => T} read
 * @returns {T}
 * @throws {UsageError} for a value that stores don't take either
 */
function checked(read) {
  try {
    return read();
  } catch (failure) {
    throw failure instanceof TypeError ? new UsageError(`${here(failure.message)}.`) : failure;
  }
}

module.exports = { Table };
