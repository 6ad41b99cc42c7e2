'use strict';

/**
 * Parsed items that may be answered from at once, without a call into the native store.
 *
 * This is a memo, not a policy. The native store says until when an answer may be repeated, and a **generation**,
 * which advances when something that it knows may have changed: an answer is repeated only while the generation is
 * the one that it had. After that it takes a new request; the native store knows by its **revision** which text this
 * thread has, so that an item that has not changed is not parsed again.
 *
 * The memo is bounded by the texts of its items. When those of the newer half are as many as half of the bound,
 * they become the older half, and what has not been used since the last time is dropped.
 */

const { now } = require('../host/event-loop');

/**
 * @typedef {import('../native/response-queue').Callback} Callback
 *
 * @typedef {object} Held
 * @property {any} value the item; `null` for one that is missing
 * @property {number} revision names the text it was parsed from; 0 for none
 * @property {number} generation of what the native store knew
 * @property {number} since when it came, by the wall clock
 * @property {number} until until when it may be repeated, by the wall clock
 * @property {boolean} stale whether it is stale, because no newer one can be read
 * @property {number} size the length of its text, roughly
 *
 * @typedef {object} HeldAll
 * @property {any} value all live items by key
 * @property {number} state names it to the native store
 * @property {number} generation
 * @property {number} since
 * @property {number} until
 * @property {boolean} stale
 *
 * @typedef {{callbacks: Callback[], generation: number}} Read a read under way, and who waits for it
 */

/** The items of one kind. */
class Kind {
  constructor() {
    /** @type {Map<string, Held>} */
    this.items = new Map();
    /** @type {Map<string, Held>} those that were not used lately */
    this.older = new Map();
    /** @type {HeldAll | undefined} */
    this.all = undefined;
    /** @type {Map<string, Read>} reads under way by key */
    this.reads = new Map();
    /** @type {Read | undefined} a read of all items */
    this.readOfAll = undefined;
  }
}

class ItemCache {
  constructor() {
    /** @type {Map<string, Kind>} */
    this.kinds = new Map();
    // Most calls are for the kind of the call before.
    /** @type {string | undefined} */
    this.lastNamespace = undefined;
    this.lastKind = new Kind();
    this.generation = 0;
    this.bound = Number.POSITIVE_INFINITY;
    /** The length of the texts of the newer half. */
    this.size = 0;
    this.hits = 0;
    this.stale = 0;
  }

  /**
   * @param {string} namespace
   * @returns {Kind}
   */
  kind(namespace) {
    if (namespace === this.lastNamespace) return this.lastKind;
    let kind = this.kinds.get(namespace);
    if (kind === undefined) {
      kind = new Kind();
      this.kinds.set(namespace, kind);
    }
    this.lastNamespace = namespace;
    this.lastKind = kind;
    return kind;
  }

  /**
   * @param {Kind} kind
   * @param {string} key
   * @returns {Held | undefined} what is held of an item, fresh or not
   */
  held(kind, key) {
    const held = kind.items.get(key);
    if (held !== undefined) return held;
    const older = kind.older.get(key);
    if (older !== undefined) this.keep(kind, key, older);
    return older;
  }

  /**
   * @param {Kind} kind
   * @param {string} key
   * @param {Held} held
   */
  keep(kind, key, held) {
    // Without a revision there is nothing to keep but for how long it is missing.
    if (held.revision === 0 && held.until <= held.since) {
      kind.items.delete(key);
      kind.older.delete(key);
      return;
    }
    kind.items.set(key, held);
    this.size += held.size;
    if (this.size <= this.bound / 2) return;
    this.size = 0;
    for (const each of this.kinds.values()) {
      each.older = each.items;
      each.items = new Map();
      each.all = undefined;
    }
  }

  /**
   * Counts a read that is answered from here.
   *
   * @param {Held | HeldAll} held
   * @returns {boolean} whether it may be answered with this. A clock that went back ends that too.
   */
  answers(held) {
    const time = now();
    if (time >= held.until || time < held.since || held.generation !== this.generation) {
      return false;
    }
    if (held.stale) this.stale += 1;
    else this.hits += 1;
    return true;
  }

  clear() {
    this.kinds.clear();
    this.lastNamespace = undefined;
  }
}

module.exports = { ItemCache };
