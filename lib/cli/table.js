'use strict';

/**
 * Access to a table for the commands.
 */

const { UsageError } = require('./failure');
const { explained, withOptionNames } = require('./explain');
const { LogRouter, NativeTable, ResponseQueue, storeOptions, toNativeJson } = require('./package');

/** Log lines go to standard error, results to standard output. */
const LOGGER = {
  error: (/** @type {string} */ line) => console.error(line),
  warn: (/** @type {string} */ line) => console.error(line),
};

/** The time-outs for one page of rows, and for writing without any progress, in seconds. */
const [READ_TIMEOUT, WRITE_TIMEOUT] = [30, 30];
/** Few attempts, because a person waits for the command. */
const MAX_ATTEMPTS = 5;

/**
 * @typedef {object} Rules
 * @property {boolean} allowOlder whether rows are replaced that are newer in the table
 * @property {boolean} allowEmpty whether all flags may be deleted
 */

class Table {
  /**
   * @param {import('./arguments').Values} values
   */
  constructor(values) {
    const { table, prefix, endpoint, region, profile } = values;
    const clientOptions = { endpoint, region, profile, maxAttempts: MAX_ATTEMPTS };
    const { native, hostFunctions } = checked(() =>
      storeOptions(table, {
        prefix,
        clientOptions,
        readTimeout: READ_TIMEOUT,
        writeTimeout: WRITE_TIMEOUT,
      })
    );
    this.values = values;
    const logs = new LogRouter('DynamoDBFeatureStore', table, LOGGER);
    this.queue = new ResponseQueue(logs);
    const callHost = hostFunctions.callableFrom(this.queue);
    this.isWhole = prefix === undefined;
    this.native = new NativeTable(toNativeJson(native), this.queue.deliver, callHost, this.isWhole);
    logs.location = this.native.location();
  }

  /** @returns {Promise<{region: string, endpoint: string, accessKeyId: string}>} */
  caller() {
    return this.request('', (native, id) => native.caller(id));
  }

  describe() {
    return this.request('DescribeTable', (native, id) => native.describe(id));
  }

  /** Creates the table as the arguments say. */
  create() {
    const { provisioned, tag = [], deletionProtection = false } = this.values;
    const options = JSON.stringify({ provisioned, tags: tag, deletionProtection });
    return this.request('CreateTable', (native, id) => native.create(id, options));
  }

  /** Turns point-in-time recovery on. */
  enableRecovery() {
    return this.request('UpdateContinuousBackups', (native, id) => native.enableRecovery(id));
  }

  /**
   * @param {(rows: number) => void} onProgress
   * @returns {Promise<any>} the contents of the table
   */
  async inspect(onProgress) {
    for (;;) {
      const { rows, done } = await this.inspectPage();
      if (done) return this.report();
      onProgress(rows);
    }
  }

  /** @returns {Promise<{rows: number, done: boolean}>} how many rows are inspected, and whether these are all */
  inspectPage() {
    const action = this.isWhole ? 'Scan' : 'Query';
    return this.request(action, (native, id) => native.inspectOn(id));
  }

  /** @returns {any} the contents of the pages that are inspected */
  report() {
    return JSON.parse(this.native.report());
  }

  /**
   * @param {string} kind
   * @returns {Promise<any[]>}
   */
  list(kind) {
    return this.request('Query', (native, id) => native.list(id, kind));
  }

  /**
   * @param {string} kind
   * @param {string} key
   */
  get(kind, key) {
    return this.request('GetItem', (native, id) => native.get(id, kind, key));
  }

  /**
   * @param {string} kind
   * @param {(count: number) => void} onProgress
   * @returns {Promise<Map<string, any>>} all rows of the kind by key: `{ version, deleted, json }` or `{ unreadable }`
   */
  async items(kind, onProgress) {
    const items = new Map();
    /** @type {string | undefined} */
    let start;
    for (;;) {
      const page = await this.request('Query', (native, id) => native.items(id, kind, start));
      for (const [key, item] of page.items) items.set(key, item);
      if (page.next === null) return items;
      start = page.next;
      onProgress(items.size);
    }
  }

  /** @returns {Promise<boolean>} whether the init marker is there */
  isInitialized() {
    return this.request('GetItem', (native, id) => native.initialized(id));
  }

  /**
   * @param {string} json the text of an object with `flags` and `segments`
   * @param {Rules} rules
   * @returns {Promise<import('./plan').Plan>} what `sync` would do; fails where it would refuse the data
   */
  plan(json, { allowOlder, allowEmpty }) {
    return this.request('Query', (native, id) => native.plan(id, json, allowOlder, allowEmpty));
  }

  /**
   * Brings everything under the prefix to these flags and segments.
   *
   * @param {string} json as for `plan`
   * @param {Rules} rules
   * @returns {Promise<{put: number, deleted: number, unchanged: number, isOvertaken: boolean}>}
   */
  sync(json, { allowOlder, allowEmpty }) {
    return this.request('BatchWriteItem', (native, id) =>
      native.sync(id, json, allowOlder, allowEmpty)
    );
  }

  /**
   * @param {string} action the IAM action that it takes, without `dynamodb:`; empty if none
   * @param {(native: NativeTable, id: number) => void} start
   * @returns {Promise<any>}
   * @throws {import('./failure').Failure}
   */
  async request(action, start) {
    const { value, failure } = await this.send(action, start);
    if (failure === undefined) return value;
    throw await explained(failure, { values: this.values, action, place: () => this.place() });
  }

  /** @returns {Promise<{region: string, endpoint: string} | undefined>} where requests go, if that is known */
  async place() {
    return (await this.send('', (native, id) => native.caller(id))).value;
  }

  /**
   * @param {string} what
   * @param {(native: NativeTable, id: number) => void} start
   * @returns {Promise<{value?: any, failure?: {code: string, cause: string}}>}
   */
  send(what, start) {
    return this.queue.request(this.native, what, start, (code, message) =>
      Object.assign(new Error(message), { code })
    );
  }
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
    throw failure instanceof TypeError ? new UsageError(withOptionNames(failure.message)) : failure;
  }
}

module.exports = { Table };
