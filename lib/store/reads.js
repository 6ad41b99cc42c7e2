'use strict';

/**
 * Reads of a core in one data model. Returns what this thread may repeat and requests the rest. Clients with
 * the same data model share one object.
 */

const { now } = require('../host/event-loop');
const { ItemCache } = require('./item-cache');
const { Callback, WAITING, isFailure } = require('../native/response-queue');
const { describeFailure } = require('../logging/redaction');

/**
 * @typedef {import('./contract').DataModel} DataModel
 * @typedef {import('./core').Core} Core
 * @typedef {import('./item-cache').Held} Held
 * @typedef {import('./item-cache').HeldAll} HeldAll
 * @typedef {import('../native/response-queue').Answer} Answer
 */

class Reads {
  /**
   * @param {Core} core
   * @param {DataModel} model
   * @param {boolean} joins whether concurrent reads share a request; without
   *   caching, each sends its own
   */
  constructor(core, model, joins) {
    this.core = core;
    this.model = model;
    this.joins = joins;
    this.items = new ItemCache();
    /** Reads that shared the request of another read of this thread. */
    this.joined = 0;
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @returns {any} the item if this thread may repeat it, else `WAITING`
   */
  known(namespace, key) {
    const held = this.items.held(this.items.kind(namespace), key);
    return held !== undefined && this.items.answers(held) ? held.value : WAITING;
  }

  /**
   * Reads an item for which `known` returned `WAITING`.
   *
   * @param {string} namespace
   * @param {string} key
   * @param {(item: any) => void} callback gets `null` for a missing or unreadable item
   * @returns {any} the item if the native store answers at once, else `WAITING`
   */
  get(namespace, key, callback) {
    const { core, model, items } = this;
    const kind = items.kind(namespace);
    const others = kind.reads.get(key);
    if (others !== undefined && this.join(others, callback)) return WAITING;
    const held = items.held(kind, key);
    const revision = held ? held.revision : 0;
    const id = core.queue.nextId();
    const known = core.native.get(id, namespace, key, revision, model.form(namespace));
    if (known) return this.keepItem(namespace, key, held, JSON.parse(known), known.length);
    const read = { callbacks: [new Callback(callback)], generation: items.generation };
    const end = (/** @type {any} */ item) => {
      if (kind.reads.get(key) === read) kind.reads.delete(key);
      for (const waiting of read.callbacks) waiting.call(item);
    };
    core.queue.expect(id, core.native, {
      what: 'get',
      requester: read.callbacks[0],
      settle: (answer, size) => {
        if (isFailure(answer)) end(null);
        else end(this.newestItem(namespace, key, held, answer, size));
        return true;
      },
      fail: () => end(null),
    });
    if (this.joins) kind.reads.set(key, read);
    return WAITING;
  }

  /**
   * @param {string} namespace
   * @param {(items: any) => void} callback gets `null` if the items can't be read
   * @returns {any} the items if this thread may repeat them, else `WAITING`
   */
  all(namespace, callback) {
    const { core, model, items } = this;
    const kind = items.kind(namespace);
    const held = kind.all;
    if (held !== undefined && items.answers(held)) return held.value;
    if (kind.readOfAll !== undefined && this.join(kind.readOfAll, callback)) return WAITING;
    const read = { callbacks: [new Callback(callback)], generation: items.generation };
    model.prepare();
    const parts = new AllItems(this, namespace, held);
    const end = (/** @type {any} */ all) => {
      if (kind.readOfAll === read) kind.readOfAll = undefined;
      for (const waiting of read.callbacks) waiting.call(all);
    };
    if (this.joins) kind.readOfAll = read;
    core.send(
      {
        what: 'all',
        requester: read.callbacks[0],
        settle: (answer, size) => {
          if (!isFailure(answer) && !parts.take(answer, size)) return false;
          end(isFailure(answer) ? null : parts.finish());
          return true;
        },
        fail: () => end(null),
      },
      (id) => core.native.all(id, namespace, held ? held.state : 0, model.form(namespace))
    );
    return WAITING;
  }

  /**
   * Joins a read in progress, unless data may have changed since it began.
   *
   * @param {import('./item-cache').Read} read
   * @param {(value: any) => void} callback
   * @returns {boolean} whether it joined
   */
  join(read, callback) {
    if (read.generation !== this.items.generation) return false;
    this.joined += 1;
    read.callbacks.push(new Callback(callback));
    return true;
  }

  /**
   * Keeps an answer about one item. If the generation has advanced since the answer, first gets the newest item
   * from the native store.
   *
   * @param {string} namespace
   * @param {string} key
   * @param {Held | undefined} held the memo whose revision the request named
   * @param {Answer} answer
   * @param {number} size the length of the answer's text
   * @returns {any} the item
   */
  newestItem(namespace, key, held, answer, size) {
    const [, , generation] = answer;
    if (generation !== this.items.generation) {
      const { core, model } = this;
      const newest = core.native.newest(
        namespace,
        key,
        held ? held.revision : 0,
        model.form(namespace)
      );
      if (newest) return this.keepItem(namespace, key, held, JSON.parse(newest), newest.length);
    }
    return this.keepItem(namespace, key, held, answer, size);
  }

  /**
   * Keeps an answer about one item.
   *
   * @param {string} namespace
   * @param {string} key
   * @param {Held | undefined} held the memo whose revision the request named
   * @param {Answer} answer
   * @param {number} length of the answer's text
   * @returns {any} the item
   */
  keepItem(namespace, key, held, answer, length) {
    const [, until, generation, stale, revision] = answer;
    const isNew = answer.length > 5 || held === undefined;
    const value = isNew ? this.revive(namespace, key, answer[5]) : held.value;
    const size = isNew ? length : held.size;
    const since = now();
    this.core.queue.advance(generation);
    const kept = { value, revision, generation, since, until, stale: stale === 1, size };
    this.items.keep(this.items.kind(namespace), key, kept);
    return value;
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {any} json from the answer; `null` for a missing item
   * @returns {any} the item; `null` if it is missing or the SDK can't read it
   */
  revive(namespace, key, json) {
    if (json === null) return null;
    try {
      return this.model.revive(namespace, json);
    } catch (reason) {
      const what = `${JSON.stringify(key)} in ${JSON.stringify(namespace)}`;
      this.core.logs.log(
        'error',
        'UNREADABLE_ITEM',
        `the SDK can't read the item ${what}, which is left out: ${describeFailure(reason)}`
      );
      return null;
    }
  }
}

/** All items of a kind, assembled from the parts of the answer. */
class AllItems {
  /**
   * @param {Reads} reads
   * @param {string} namespace
   * @param {HeldAll | undefined} held the previous answer, to which the new one may be a change
   */
  constructor(reads, namespace, held) {
    this.reads = reads;
    this.namespace = namespace;
    this.kind = reads.items.kind(namespace);
    this.value = held && held.value;
    /** Whether `value` was handed out to a caller. A value that was handed out never changes. */
    this.isShared = true;
    /** @type {Answer} */
    this.head = [];
    /** @type {Map<string, {value: any, size: number}>} items that were sent ahead */
    this.ahead = new Map();
  }

  /**
   * @param {Answer} answer
   * @param {number} size the length of the answer's text
   * @returns {boolean} whether this was the last part
   */
  take(answer, size) {
    const [, part, content] = answer;
    if (part === 2) return true;
    if (part === 3) this.readAhead(content, size);
    else if (part === 1) this.change(content, size);
    else this.begin(answer);
    return false;
  }

  /**
   * @param {any[]} items key, revision and item, repeated
   * @param {number} length of their text
   */
  readAhead(items, length) {
    const size = (3 * length) / items.length;
    for (let i = 0; i < items.length; i += 3) {
      const value = this.reads.revive(this.namespace, items[i], items[i + 2]);
      this.ahead.set(items[i], { value, size });
    }
  }

  /**
   * @param {Answer} head
   */
  begin(head) {
    this.head = head;
    const [, , , , , , base, removed] = head;
    if (base === 0) {
      this.value = {};
      this.isShared = false;
    }
    for (const key of removed) delete this.own()[key];
  }

  /**
   * @returns {Record<string, any>} a copy of the items that may be changed
   */
  own() {
    if (this.isShared) this.value = { ...this.value };
    this.isShared = false;
    return this.value;
  }

  /**
   * @param {any[]} changed key, revision and item, repeated
   * @param {number} length of their text
   */
  change(changed, length) {
    const { reads, kind } = this;
    const [, , until, generation, stale] = this.head;
    const since = now();
    const items = this.own();
    const average = (3 * length) / changed.length;
    for (let i = 0; i < changed.length; i += 3) {
      const key = changed[i];
      const revision = changed[i + 1];
      const known = reads.items.held(kind, key);
      const isKnown = known !== undefined && known.revision === revision && revision > 0;
      const { value, size } = isKnown ? known : this.read(key, changed[i + 2], average);
      const kept = { value, revision, generation, since, until, stale: stale === 1, size };
      if (revision > 0) reads.items.keep(kind, key, kept);
      setOrDelete(items, key, value);
    }
  }

  /**
   * @param {string} key
   * @param {any} json from the answer; 0 for an item that was sent ahead
   * @param {number} size the approximate length of its text, unless it was sent ahead
   * @returns {{value: any, size: number}}
   */
  read(key, json, size) {
    const ahead = json === 0 ? this.ahead.get(key) : undefined;
    return ahead || { value: this.reads.revive(this.namespace, key, json), size };
  }

  /**
   * Keeps the complete answer. If the generation has advanced since, first gets the changes from the native
   * store.
   *
   * @returns {Record<string, any>}
   */
  finish() {
    const { items, core } = this.reads;
    if (this.head[3] !== items.generation) this.applyChanges();
    const [, , until, generation, stale, state] = this.head;
    core.queue.advance(generation);
    const all = { value: this.value, state, generation, since: now(), until, stale: stale === 1 };
    this.kind.all = state > 0 ? all : undefined;
    return this.value;
  }

  applyChanges() {
    const { core, model } = this.reads;
    const { all } = this.kind;
    // Another read may have received a newer answer meanwhile.
    if (all !== undefined && all.generation > this.head[3]) {
      this.value = all.value;
      this.isShared = true;
      this.head = [0, 0, all.until, all.generation, all.stale ? 1 : 0, all.state];
    }
    const newest = core.native.newestAll(this.namespace, this.head[5], model.form(this.namespace));
    if (!newest) return;
    for (const part of JSON.parse(newest)) this.take(part, newest.length);
  }
}

/**
 * @param {Record<string, any>} object
 * @param {string} key
 * @param {any} value `null` deletes the member
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
