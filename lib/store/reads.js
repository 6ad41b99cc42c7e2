'use strict';

/**
 * Reads of a core in one data model: the items of that model that this thread may answer from, and the
 * requests for those that it may not. Clients whose model is the same share them.
 */

const { now } = require('../host/event-loop');
const { ItemCache } = require('./item-cache');
const { Callback, WAITING, isFailure } = require('../native/response-queue');
const { describeFailure } = require('../logging/redaction');

/**
 * @typedef {import('./contract').DataModel} DataModel
 * @typedef {import('./core').Core} Core
 * @typedef {import('./item-cache').Kind} Kind
 * @typedef {import('./item-cache').Held} Held
 * @typedef {import('./item-cache').HeldAll} HeldAll
 * @typedef {import('../native/response-queue').Answer} Answer
 */

class Reads {
  /**
   * @param {Core} core
   * @param {DataModel} model
   * @param {boolean} joins whether reads of the same may be one: without caching, each makes a request of
   *   its own
   */
  constructor(core, model, joins) {
    this.core = core;
    this.model = model;
    this.joins = joins;
    this.items = new ItemCache();
    /** Reads that waited for another one of this thread. */
    this.joined = 0;
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @returns {any} the item where this thread may answer with it, else `WAITING`
   */
  known(namespace, key) {
    const kind = this.items.kind(namespace);
    const held = kind.items.get(key);
    if (held === undefined || !this.items.answers(held)) return WAITING;
    if (this.items.tight) this.items.touch(kind, key, held);
    return held.value;
  }

  /**
   * Asks for what is not `known`.
   *
   * @param {string} namespace
   * @param {string} key
   * @param {(item: any) => void} callback gets `null` for what is unknown or can't be read
   * @returns {any} the item where the native store knows it at once, else `WAITING`
   */
  get(namespace, key, callback) {
    const kind = this.items.kind(namespace);
    const held = kind.items.get(key);
    const others = kind.reads.get(key);
    if (others !== undefined) {
      this.joined += 1;
      others.push(new Callback(callback));
      return WAITING;
    }
    const { core, model } = this;
    if (this.items.tight) this.items.flushTouched((...used) => core.native.touch(...used));
    const id = core.queue.nextId();
    const known = core.native.get(id, namespace, key, held ? held.revision : 0, model.fromText);
    if (known) return this.keepItem(namespace, key, held, JSON.parse(known));
    const callbacks = [new Callback(callback)];
    const end = (/** @type {any} */ item) => {
      if (kind.reads.get(key) === callbacks) kind.reads.delete(key);
      for (const waiting of callbacks) waiting.call(item);
    };
    core.queue.expect(id, core.native, {
      what: 'get',
      requester: callbacks[0],
      settle: (answer) => {
        end(isFailure(answer) ? null : this.keepItem(namespace, key, held, answer));
        return true;
      },
      fail: () => end(null),
    });
    if (this.joins) kind.reads.set(key, callbacks);
    return WAITING;
  }

  /**
   * @param {string} namespace
   * @param {(items: any) => void} callback gets `null` when the items can't be read
   * @returns {any} the items where they are known at once, else `WAITING`
   */
  all(namespace, callback) {
    const kind = this.items.kind(namespace);
    const held = kind.all;
    if (held !== undefined && this.items.answers(held)) return held.value;
    if (kind.readOfAll !== undefined) {
      this.joined += 1;
      kind.readOfAll.push(new Callback(callback));
      return WAITING;
    }
    const callbacks = [new Callback(callback)];
    const read = new ReadOfAll(this, namespace, held);
    const { core, model } = this;
    const end = (/** @type {any} */ items) => {
      if (kind.readOfAll === callbacks) kind.readOfAll = undefined;
      for (const waiting of callbacks) waiting.call(items);
    };
    if (this.joins) kind.readOfAll = callbacks;
    core.send(
      {
        what: 'all',
        requester: callbacks[0],
        settle: (answer) => {
          if (!isFailure(answer) && !read.take(answer)) return false;
          end(isFailure(answer) ? null : read.finish());
          return true;
        },
        fail: () => end(null),
      },
      (id) => core.native.all(id, namespace, held ? held.state : 0, model.fromText)
    );
    return WAITING;
  }

  /**
   * Keeps what is known of an item after a write of it.
   *
   * @param {string} namespace
   * @param {string} key
   * @param {Answer} answer
   */
  keepWritten(namespace, key, answer) {
    const [, until, , , revision] = answer;
    if (revision > 0 || until > 0) this.keepItem(namespace, key, undefined, answer);
  }

  /**
   * Keeps an answer about one item.
   *
   * @param {string} namespace
   * @param {string} key
   * @param {Held | undefined} held what the native store was told to be held
   * @param {Answer} answer
   * @returns {any} the item
   */
  keepItem(namespace, key, held, answer) {
    const [, until, ticket, stale, revision] = answer;
    const isNew = answer.length > 5 || held === undefined;
    const value = isNew ? this.revive(namespace, key, answer[5]) : held.value;
    const since = now();
    const kind = this.items.kind(namespace);
    const isStale = stale === 1;
    const kept = { value, revision, ticket, since, until, stale: isStale, used: false, written: 0 };
    return kind.keep(key, kept).value;
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {any} json as it came, `null` for none
   * @returns {any} the item, `null` where there is none that the SDK can read
   */
  revive(namespace, key, json) {
    if (json === null) return null;
    try {
      return this.model.revive(namespace, json);
    } catch (reason) {
      const what = `${JSON.stringify(key)} in ${JSON.stringify(namespace)}`;
      this.core.logs.log(
        'error',
        `DynamoDBFeatureStore: the SDK can't read the item ${what}, which is left out: ${describeFailure(reason)}`
      );
      return null;
    }
  }
}

/** All items of a kind, as they come in parts. */
class ReadOfAll {
  /**
   * @param {Reads} reads
   * @param {string} namespace
   * @param {HeldAll | undefined} held what the answer may build upon
   */
  constructor(reads, namespace, held) {
    this.reads = reads;
    this.namespace = namespace;
    this.kind = reads.items.kind(namespace);
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
    const since = now();
    const items = this.own();
    for (let i = 0; i < changed.length; i += 3) {
      const key = changed[i];
      const revision = changed[i + 1];
      const known = this.kind.items.get(key);
      let value =
        known && known.revision === revision && revision > 0
          ? known.value
          : this.reads.revive(this.namespace, key, changed[i + 2]);
      if (revision > 0) {
        const kept = {
          value,
          revision,
          ticket,
          since,
          until,
          stale: stale === 1,
          used: false,
          written: 0,
        };
        ({ value } = this.kind.keep(key, kept));
      }
      setOrDelete(items, key, value);
    }
  }

  /** @returns {Record<string, any>} */
  finish() {
    const [, , until, ticket, stale, state] = this.head;
    this.catchUp(ticket);
    if (this.value === undefined) this.value = /** @type {HeldAll} */ (this.held).value;
    const since = now();
    const all = { value: this.value, state, ticket, since, until, stale: stale === 1 };
    return this.kind.keepAll(all).value;
  }

  /**
   * Takes in what has come to be known of single items while these came in parts.
   *
   * @param {number} ticket
   */
  catchUp(ticket) {
    // Without a ticket nobody knows which is later.
    if (ticket === 0 || this.kind.latest <= ticket) return;
    for (const [key, known] of this.kind.items) {
      if (known.ticket > ticket) setOrDelete(this.own(), key, known.value);
    }
  }
}

/**
 * @param {Record<string, any>} object
 * @param {string} key
 * @param {any} value `null` for none
 */
function setOrDelete(object, key, value) {
  if (value === null) {
    delete object[key];
  } else if (key === '__proto__') {
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

module.exports = { Reads };
