'use strict';

/**
 * The core of a store value, shared by all its views: the native store of one table, prefix and client, and
 * this thread's reads and writes.
 */

const { NativeStore } = require('../native/addon');
const { dataParts } = require('./data-parts');
const { inAnotherTurn, now } = require('../host/event-loop');
const { toNativeJson } = require('../native/options');
const { Callback, ResponseQueue, WAITING, isFailure } = require('../native/response-queue');
const { Reads } = require('./reads');
const { isCallError } = require('../logging/redaction');

/** The longest time that one turn of the event loop spends on serialising a data set, in milliseconds. */
const TURN_MS = 1;

/**
 * @typedef {import('../native/options').NativeOptions} NativeOptions
 * @typedef {import('./contract').DataModel} DataModel
 * @typedef {import('../logging/router').LogRouter} LogRouter
 * @typedef {import('../native/response-queue').Answer} Answer
 * @typedef {import('../native/response-queue').Request} Request
 *
 * @typedef {import('../..').ErrorCode} ErrorCode
 * @typedef {(failure?: ErrorCode) => void} WriteCallback gets an error code if DynamoDB has not accepted the write
 */

class Core {
  /**
   * @param {NativeOptions} options
   * @param {LogRouter} logs
   * @param {import('../native/host-functions').HostFunctions} hostFunctions
   */
  constructor(options, logs, hostFunctions) {
    this.logs = logs;
    this.joins = options.cacheTtlMs !== 0;
    /** @type {Reads[]} one for each data model in use, usually one */
    this.reads = [];
    this.queue = new ResponseQueue(logs);
    this.closed = false;
    /** @type {{value: boolean, since: number, until: number, generation: number}} */
    this.knownInitialized = { value: false, since: 0, until: 0, generation: 0 };
    // These functions must not refer to the native store or to `this`: the cycle could never be collected.
    const callHost = hostFunctions.callableFrom(this.queue);
    this.native = new NativeStore(toNativeJson(options), this.queue.deliver, callHost);
    logs.location = this.native.location();
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
      reads.items.bound = this.native.itemCacheSize();
      this.queue.serve(reads.items);
    }
    return reads;
  }

  /**
   * @param {DataModel} model
   * @param {[string, Record<string, any>][]} data pairs of a kind and its items by key
   * @param {WriteCallback} callback
   */
  init(model, data, callback) {
    model.prepare();
    const waiting = new Callback(callback);
    let isUsable = true;
    const id = this.send(
      {
        what: 'init',
        requester: waiting,
        isWrite: true,
        settle: (answer) => {
          // Two answers come: first reads see the data, then the table has it.
          if (answer[1] === 1) return false;
          waiting.call(isUsable ? failureOf(answer) : 'INVALID_DATA');
          return true;
        },
        fail: () => waiting.call('INTERNAL'),
      },
      (request) => this.native.initBegin(request)
    );
    if (id === undefined) return;
    const parts = dataParts(model, data, (problem) => this.logs.defect('init', problem));
    // Serialises a large data set in many turns, so that it does not block the event loop.
    const turn = () => {
      try {
        const end = now() + TURN_MS;
        do {
          const { value: part } = parts.next();
          if (!part) {
            this.native.initEnd(id, true);
            return;
          }
          this.native.initPart(id, part.kind, part.json);
        } while (now() < end);
      } catch (problem) {
        isUsable = false;
        if (isCallError(problem)) this.logs.defect('init', problem);
        else this.queue.fail(id, problem);
        this.abandonInit(id);
        return;
      }
      inAnotherTurn(turn);
    };
    turn();
  }

  /**
   * @param {number} id of an init whose data is incomplete
   */
  abandonInit(id) {
    try {
      this.native.initEnd(id, false);
    } catch (thrown) {
      this.queue.fail(id, thrown);
    }
  }

  /**
   * @param {string} namespace
   * @param {string} json
   * @param {WriteCallback} callback
   */
  upsert(namespace, json, callback) {
    this.send(this.writing('upsert', callback), (id) =>
      this.queue.advance(this.native.upsert(id, namespace, json))
    );
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {number} version
   * @param {WriteCallback} callback
   */
  delete(namespace, key, version, callback) {
    this.send(this.writing('delete', callback), (id) =>
      this.queue.advance(this.native.delete(id, namespace, key, version))
    );
  }

  /**
   * @param {(initialized: boolean) => void} callback
   * @returns {any} the answer if known; `WAITING` if a request is needed
   */
  initialized(callback) {
    const known = this.knownInitialized;
    const time = now();
    const isSame = known.value || known.generation === this.queue.generation;
    if (isSame && time < known.until && time >= known.since) return known.value;
    const waiting = new Callback(callback);
    this.send(
      {
        what: 'initialized',
        requester: waiting,
        settle: (answer) => {
          if (isFailure(answer)) {
            waiting.call(false);
          } else {
            const [, isInitialized, until] = answer;
            const value = isInitialized === 1;
            const { generation } = this.queue;
            this.knownInitialized = { value, since: now(), until, generation };
            waiting.call(value);
          }
          return true;
        },
        fail: () => waiting.call(false),
      },
      (id) => this.native.initialized(id)
    );
    return WAITING;
  }

  /** @returns {import('../..').Stats} */
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
      unsaved: native.pending,
      readUnits: native.readUnits,
      writeUnits: native.writeUnits,
    };
  }

  /**
   * Checks whether DynamoDB responds.
   *
   * @param {(available: boolean) => void} callback
   */
  isAvailable(callback) {
    const waiting = new Callback(callback);
    this.send(
      {
        what: 'isStoreAvailable',
        requester: waiting,
        settle: (answer) => {
          waiting.call(answer[1] === 1);
          return true;
        },
        fail: () => waiting.call(false),
      },
      (id) => this.native.isAvailable(id)
    );
  }

  /**
   * Flushes pending writes and closes the native store.
   *
   * @returns {Promise<void>} resolves when all writes have an answer. Until `noMoreRequests`, for at most one
   *   second, the core still accepts requests
   */
  close() {
    return new Promise((resolve) => {
      const end = () => {
        this.closed = true;
        for (const { items } of this.reads) items.clear();
        this.queue.close(this.native, resolve);
        return true;
      };
      const request = { what: 'close', isWrite: true, settle: end, fail: end };
      this.send(request, (id) => this.native.close(id));
    });
  }

  /** Ends the core. Call it after `close`, when no request follows. */
  noMoreRequests() {
    this.closed = true;
    this.native.noMoreRequests();
  }

  /**
   * Makes a write request. It does not hold the item's text: many writes may wait, and the native store has the
   * text.
   *
   * @param {string} what
   * @param {WriteCallback} callback
   * @returns {Request}
   */
  writing(what, callback) {
    const waiting = new Callback(callback);
    return {
      what,
      requester: waiting,
      isWrite: true,
      settle: (answer) => {
        waiting.call(failureOf(answer));
        return true;
      },
      fail: () => waiting.call('INTERNAL'),
    };
  }

  /**
   * @param {Request} request
   * @param {(id: number) => void} start
   * @returns {number | undefined} the request's number; `undefined` if sending failed
   */
  send(request, start) {
    return this.queue.send(this.native, request, start);
  }
}

/**
 * @param {Answer} answer
 * @returns {ErrorCode | undefined} the error code; `undefined` for a success
 */
function failureOf(answer) {
  return isFailure(answer) ? answer[1] : undefined;
}

module.exports = { Core };
