'use strict';

/**
 * One table, prefix and client: the native store and the parsed items of this thread. All views of a
 * store value share one core.
 *
 * A request is sent with a number, and answered through the mailbox.
 */

const { setImmediate } = require('timers');

const { NativeStore } = require('../binding');
const { Unusable, dataParts } = require('./data-parts');
const { ItemCache } = require('./item-cache');
const { Callback, Mailbox, isFailure } = require('./mailbox');

/** For how long a turn of the event loop is used to write a data set as JSON, in milliseconds. */
const TURN_MS = 2;

/**
 * @typedef {import('../binding').NativeOptions} NativeOptions
 * @typedef {import('./logger').LogRouter} LogRouter
 * @typedef {import('./item-cache').Kind} Kind
 * @typedef {import('./item-cache').Held} Held
 * @typedef {import('./item-cache').HeldAll} HeldAll
 * @typedef {import('./mailbox').Answer} Answer
 * @typedef {import('./mailbox').Settle} Settle
 */

class Core {
  /**
   * @param {NativeOptions} options
   * @param {LogRouter} logs
   * @param {import('./options').CallClient} [callClient] asks the caller's own client
   */
  constructor(options, logs, callClient) {
    this.logs = logs;
    /** Whether reads of the same may be one: without caching, each makes a request of its own. */
    this.joins = options.cacheTtlMs !== 0;
    this.items = new ItemCache();
    this.mailbox = new Mailbox(logs, this.items);
    this.closed = false;
    /** Reads that waited for another one of this thread. */
    this.joined = 0;
    /** @type {{value: boolean, since: number, until: number}} */
    this.knownInitialized = { value: false, since: 0, until: 0 };
    this.native = nativeStore(options, this.mailbox.deliver, callClient);
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {(item: any) => void} callback gets `null` for what is unknown or can't be read
   */
  get(namespace, key, callback) {
    const kind = this.items.kind(namespace);
    const held = kind.items.get(key);
    if (held !== undefined && this.items.answers(held)) {
      if (this.items.tight) this.items.touch(kind, key, held);
      callback(held.value);
      return;
    }
    const others = kind.reads.get(key);
    if (others !== undefined) {
      this.joined += 1;
      others.push(new Callback(callback));
      return;
    }
    if (this.items.tight) this.items.flushTouched((...used) => this.native.touch(...used));
    const id = this.mailbox.nextId();
    let known;
    try {
      known = this.native.get(id, namespace, key, held ? held.revision : 0);
    } catch (failure) {
      this.logDefect(failure);
      callback(null);
      return;
    }
    if (known) {
      callback(keepItem(kind, key, held, JSON.parse(known)));
      return;
    }
    const callbacks = [new Callback(callback)];
    if (this.joins) kind.reads.set(key, callbacks);
    this.expect(id, (answer) => {
      if (kind.reads.get(key) === callbacks) kind.reads.delete(key);
      const item = isFailure(answer) ? null : keepItem(kind, key, held, answer);
      for (const waiting of callbacks) waiting.call(item);
      return true;
    });
  }

  /**
   * @param {string} namespace
   * @param {(items: any) => void} callback gets `null` when the items can't be read
   */
  all(namespace, callback) {
    const kind = this.items.kind(namespace);
    const held = kind.all;
    if (held !== undefined && this.items.answers(held)) {
      callback(held.value);
      return;
    }
    if (kind.readOfAll !== undefined) {
      this.joined += 1;
      kind.readOfAll.push(new Callback(callback));
      return;
    }
    const callbacks = [new Callback(callback)];
    if (this.joins) kind.readOfAll = callbacks;
    const read = new ReadOfAll(kind, held);
    this.send(
      (id) => this.native.all(id, namespace, held ? held.state : 0),
      (answer) => {
        if (!isFailure(answer) && !read.take(answer)) return false;
        if (kind.readOfAll === callbacks) kind.readOfAll = undefined;
        const items = isFailure(answer) ? null : read.finish();
        for (const waiting of callbacks) waiting.call(items);
        return true;
      }
    );
  }

  /**
   * @param {[string, Record<string, any>][]} data kinds and their items by key
   * @param {() => void} callback
   */
  init(data, callback) {
    const waiting = new Callback(callback);
    const id = this.send(
      (request) => this.native.initBegin(request),
      (answer) => {
        this.items.wroteAll();
        this.forgetUninitialized();
        // First it is told that reads find the data, and only then that it is in the table.
        if (answer[1] === 1) return false;
        waiting.call();
        return true;
      }
    );
    const parts = dataParts(data);
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
        this.native.initEnd(id, false);
        if (!(problem instanceof Unusable)) throw problem;
        this.logs.log('error', `DynamoDBFeatureStore: init: ${problem.message}`);
        return;
      }
      setImmediate(turn);
    };
    turn();
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {string} json
   * @param {() => void} callback
   */
  upsert(namespace, key, json, callback) {
    this.write(namespace, key, (id) => this.native.upsert(id, namespace, json), callback);
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {number} version
   * @param {() => void} callback
   */
  delete(namespace, key, version, callback) {
    this.write(namespace, key, (id) => this.native.delete(id, namespace, key, version), callback);
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
    return {
      hits: native.hits + this.items.hits,
      misses: native.misses,
      stale: native.stale + this.items.stale,
      coalesced: native.coalesced + this.joined,
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
    this.items.clear();
    this.send(
      (id) => this.native.close(id),
      () => true
    );
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {Answer} answer
   */
  keepWritten(namespace, key, answer) {
    const kind = this.items.kind(namespace);
    if (isFailure(answer)) {
      kind.wrote(key, answer[2]);
    } else {
      const [, until, ticket, , revision] = answer;
      kind.wrote(key, ticket);
      if (revision > 0 || until > 0) keepItem(kind, key, undefined, answer);
    }
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {(id: number) => number} start returns the ticket before which nothing is known any more
   * @param {() => void} callback
   */
  write(namespace, key, start, callback) {
    const waiting = new Callback(callback);
    this.send(
      (id) => this.items.kind(namespace).wrote(key, start(id)),
      (answer) => {
        this.forgetUninitialized();
        this.keepWritten(namespace, key, answer);
        waiting.call();
        return true;
      }
    );
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

/** All items of a kind, as they come in parts. */
class ReadOfAll {
  /**
   * @param {Kind} kind
   * @param {HeldAll | undefined} held what the answer may build upon
   */
  constructor(kind, held) {
    this.kind = kind;
    this.held = held;
    /** @type {any} */
    this.value = undefined;
    /** @type {Answer} */
    this.head = [];
  }

  /**
   * @param {Answer} answer
   * @returns {boolean} whether that was all
   */
  take(answer) {
    if (answer[1] === 2) return true;
    if (answer[1] === 1) this.change(answer[2]);
    else this.begin(answer);
    return false;
  }

  /**
   * @param {Answer} head
   */
  begin(head) {
    this.head = head;
    const [, , , ticket, , , base, removed] = head;
    if (base === 0) this.value = {};
    for (const key of removed) {
      delete this.own()[key];
      const known = this.kind.items.get(key);
      if (known && known.ticket < ticket) this.kind.items.delete(key);
    }
  }

  /**
   * @returns {Record<string, any>} the items, to be changed: what was handed out never is
   */
  own() {
    if (this.value === undefined) this.value = { .../** @type {HeldAll} */ (this.held).value };
    return this.value;
  }

  /**
   * @param {any[]} changed key, revision and item in turn
   */
  change(changed) {
    const [, , until, ticket, stale] = this.head;
    const since = Date.now();
    const items = this.own();
    for (let i = 0; i < changed.length; i += 3) {
      const key = changed[i];
      const revision = changed[i + 1];
      const known = this.kind.items.get(key);
      const value =
        known && known.revision === revision && revision > 0 ? known.value : changed[i + 2];
      setOwn(items, key, value);
      if (revision > 0) {
        this.kind.keep(key, {
          value,
          revision,
          ticket,
          since,
          until,
          stale: stale === 1,
          used: false,
        });
      }
    }
  }

  /** @returns {Record<string, any>} */
  finish() {
    const [, , until, ticket, stale, state] = this.head;
    if (this.value === undefined) this.value = /** @type {HeldAll} */ (this.held).value;
    const since = Date.now();
    this.kind.keepAll({ value: this.value, state, ticket, since, until, stale: stale === 1 });
    return this.value;
  }
}

/**
 * @param {Record<string, any>} object
 * @param {string} key
 * @param {any} value
 */
function setOwn(object, key, value) {
  if (key === '__proto__') {
    Object.defineProperty(object, key, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  } else {
    object[key] = value;
  }
}

/**
 * Keeps an answer about one item.
 *
 * @param {Kind} kind
 * @param {string} key
 * @param {Held | undefined} held what the native store was told to be held
 * @param {Answer} answer
 * @returns {any} the item
 */
function keepItem(kind, key, held, answer) {
  const [, until, ticket, stale, revision] = answer;
  const value = answer.length > 5 || held === undefined ? answer[5] : held.value;
  const since = Date.now();
  kind.keep(key, { value, revision, ticket, since, until, stale: stale === 1, used: false });
  return value;
}

/**
 * A native store. What it is given must not refer to it, or to its core: both would never be
 * collected.
 *
 * @param {NativeOptions} options
 * @param {(text: string | null) => void} deliver
 * @param {import('./options').CallClient} [callClient]
 * @returns {NativeStore}
 */
function nativeStore(options, deliver, callClient) {
  const rootCertificates = () => require('tls').rootCertificates.join('\n');
  return new NativeStore(options, deliver, rootCertificates, callClient);
}

module.exports = { Core };
