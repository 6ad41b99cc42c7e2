'use strict';

/**
 * One table, prefix and client: the native store, and what this thread reads and writes through it. All
 * views of a store value share one core.
 *
 * A request is sent with a number, and answered through the mailbox.
 */

const { NativeStore } = require('./native');
const { Unusable, dataParts } = require('./data-parts');
const { inAnotherTurn } = require('./event-loop');
const { Callback, Mailbox, isFailure } = require('./mailbox');
const { Reads } = require('./reads');

/** For how long a turn of the event loop is used to write a data set as JSON, in milliseconds. */
const TURN_MS = 1;

/**
 * @typedef {import('../binding').NativeOptions} NativeOptions
 * @typedef {import('./contract').DataModel} DataModel
 * @typedef {import('./logger').LogRouter} LogRouter
 * @typedef {import('./mailbox').Answer} Answer
 * @typedef {import('./mailbox').Settle} Settle
 *
 * @typedef {(failure?: string) => void} WriteCallback gets the code of a failure where what was written
 *   is not in the table
 */

class Core {
  /**
   * @param {NativeOptions} options
   * @param {LogRouter} logs
   * @param {import('./questions').Questions} questions what the native store asks
   */
  constructor(options, logs, questions) {
    this.logs = logs;
    this.joins = options.cacheTtlMs !== 0;
    /** @type {Reads[]} one for each data model that is in use; seldom more than one */
    this.reads = [];
    this.mailbox = new Mailbox(logs);
    this.closed = false;
    /** @type {{value: boolean, since: number, until: number}} */
    this.knownInitialized = { value: false, since: 0, until: 0 };
    // What it is given must not refer to it, or to this: both would never be collected.
    this.native = new NativeStore(options, this.mailbox.deliver, questions.ask);
  }

  /**
   * @param {DataModel} model
   * @returns {Reads}
   */
  readsIn(model) {
    let reads = this.reads.find((known) => known.model === model);
    if (reads === undefined) {
      reads = new Reads(this, model, this.joins);
      this.reads.push(reads);
      this.mailbox.serve(reads.items);
    }
    return reads;
  }

  /**
   * @param {DataModel} model
   * @param {[string, Record<string, any>][]} data kinds and their items by key
   * @param {WriteCallback} callback
   */
  init(model, data, callback) {
    const waiting = new Callback(callback);
    let isUsable = true;
    const id = this.send(
      (request) => this.native.initBegin(request),
      (answer) => {
        for (const { items } of this.reads) items.wroteAll();
        this.forgetUninitialized();
        // First it is told that reads find the data, and only then that it is in the table.
        if (answer[1] === 1) return false;
        waiting.call(isUsable ? failureOf(answer) : 'INVALID_DATA');
        return true;
      }
    );
    const parts = dataParts(model, data);
    // A large data set is written in many turns: nothing else would get one meanwhile.
    const turn = () => {
      try {
        const end = Date.now() + TURN_MS;
        do {
          const { value: part } = parts.next();
          if (!part) {
            this.native.initEnd(id, true);
            return;
          }
          this.native.initPart(id, part.kind, part.json);
        } while (Date.now() < end);
      } catch (problem) {
        isUsable = false;
        this.native.initEnd(id, false);
        if (!(problem instanceof Unusable)) throw problem;
        this.logs.log('error', `DynamoDBFeatureStore: init: ${problem.message}`);
        return;
      }
      inAnotherTurn(turn);
    };
    turn();
  }

  /**
   * @param {Reads} reads those of whoever writes
   * @param {string} namespace
   * @param {string} key
   * @param {string} json
   * @param {WriteCallback} callback
   */
  upsert(reads, namespace, key, json, callback) {
    const { fromText } = reads.model;
    const start = (/** @type {number} */ id) => this.native.upsert(id, namespace, json, fromText);
    this.write(reads, namespace, key, start, callback);
  }

  /**
   * @param {Reads} reads those of whoever writes
   * @param {string} namespace
   * @param {string} key
   * @param {number} version
   * @param {WriteCallback} callback
   */
  delete(reads, namespace, key, version, callback) {
    const { fromText } = reads.model;
    const start = (/** @type {number} */ id) =>
      this.native.delete(id, namespace, key, version, fromText);
    this.write(reads, namespace, key, start, callback);
  }

  /**
   * @param {(initialized: boolean) => void} callback
   */
  initialized(callback) {
    const known = this.knownInitialized;
    const now = Date.now();
    if (now < known.until && now >= known.since) {
      callback(known.value);
      return;
    }
    const waiting = new Callback(callback);
    this.send(
      (id) => this.native.initialized(id),
      (answer) => {
        if (isFailure(answer)) {
          waiting.call(false);
        } else {
          const [, initialized, until] = answer;
          this.knownInitialized = { value: initialized === 1, since: Date.now(), until };
          waiting.call(initialized === 1);
        }
        return true;
      }
    );
  }

  /** @returns {import('..').Stats} */
  stats() {
    const native = this.native.stats();
    let [hits, stale, joined] = [0, 0, 0];
    for (const reads of this.reads) {
      hits += reads.items.hits;
      stale += reads.items.stale;
      joined += reads.joined;
    }
    return {
      hits: native.hits + hits,
      misses: native.misses,
      stale: native.stale + stale,
      coalesced: native.coalesced + joined,
      requests: {
        GetItem: native.getItem,
        Query: native.query,
        PutItem: native.putItem,
        BatchWriteItem: native.batchWriteItem,
      },
      errors: native.errors,
      throttles: native.throttles,
      items: native.items,
      bytes: native.bytes,
      unsaved: native.unsaved,
      readUnits: native.readUnits,
      writeUnits: native.writeUnits,
    };
  }

  /**
   * Asks whether DynamoDB answers.
   *
   * @param {(available: boolean) => void} callback
   */
  isAvailable(callback) {
    const waiting = new Callback(callback);
    this.send(
      (id) => this.native.isAvailable(id),
      (answer) => {
        waiting.call(answer[1] === 1);
        return true;
      }
    );
  }

  /** Lets go of what is held. What is not in the table is tried once more. */
  close() {
    if (this.closed) return;
    this.closed = true;
    for (const { items } of this.reads) items.clear();
    this.send(
      (id) => this.native.close(id),
      () => true
    );
  }

  /**
   * @param {Reads} writer
   * @param {string} namespace
   * @param {string} key
   * @param {(id: number) => number} start returns the ticket before which nothing is known any more
   * @param {WriteCallback} callback
   */
  write(writer, namespace, key, start, callback) {
    const waiting = new Callback(callback);
    this.send(
      (id) => this.wrote(namespace, key, start(id)),
      (answer) => {
        this.forgetUninitialized();
        this.wrote(namespace, key, answer[2]);
        if (!isFailure(answer)) writer.keepWritten(namespace, key, answer);
        waiting.call(failureOf(answer));
        return true;
      }
    );
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {number} ticket
   */
  wrote(namespace, key, ticket) {
    for (const { items } of this.reads) items.kind(namespace).wrote(key, ticket);
  }

  /** What was written may be just what was known to be missing. */
  forgetUninitialized() {
    if (!this.knownInitialized.value) this.knownInitialized.until = 0;
  }

  /**
   * @param {(id: number) => void} start
   * @param {Settle} settle
   * @returns {number} the request's number
   */
  send(start, settle) {
    const id = this.mailbox.nextId();
    this.expect(id, settle);
    try {
      start(id);
    } catch (failure) {
      this.logDefect(failure);
      this.mailbox.settle([id, 'INTERNAL', 0]);
    }
    return id;
  }

  /**
   * @param {number} id
   * @param {Settle} settle
   */
  expect(id, settle) {
    this.mailbox.expect(id, this.native, settle);
  }

  /**
   * @param {unknown} failure what the native store threw; it never should
   */
  logDefect(failure) {
    this.logs.log('error', `DynamoDBFeatureStore: ${failure}`);
  }
}

/**
 * @param {Answer} answer
 * @returns {string | undefined} the code of a failure
 */
function failureOf(answer) {
  return isFailure(answer) ? answer[1] : undefined;
}

module.exports = { Core };
