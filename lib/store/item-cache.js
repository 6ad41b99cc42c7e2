'use strict';

/**
 * Parsed items that this thread can return without a call into the native store.
 *
 * This is a memo, not a cache policy. The native store sets how long an answer may be repeated, and its
 * **generation**, which advances when its data may have changed. An answer is repeated only while the
 * generation is unchanged; after that a new request is needed. The request names the **revision** of the text
 * that this thread has, so an unchanged item is not parsed again.
 *
 * The size of the items' texts is bounded. When the newer items reach half of the bound, they become the older
 * ones, and the previous older ones are dropped. A used item moves back to the newer ones.
 */

const { now } = require('../host/event-loop');

/**
 * @typedef {import('../native/response-queue').Callback} Callback
 *
 * @typedef {object} Held
 * @property {any} value the item; `null` for one that is missing
 * @property {number} revision identifies the text that the item was parsed from; 0 if none
 * @property {number} generation the native store's at the time of the answer
 * @property {number} since wall-clock time of the answer, in milliseconds
 * @property {number} until wall-clock time until which it may be repeated, in milliseconds
 * @property {boolean} stale whether the native store marked it as stale
 * @property {number} size the approximate length of its text
 *
 * @typedef {object} HeldAll
 * @property {any} value all live items by key
 * @property {number} state identifies this collection to the native store; 0 if none
 * @property {number} generation
 * @property {number} since
 * @property {number} until
 * @property {boolean} stale
 *
 * @typedef {{callbacks: Callback[], generation: number}} Read a read in progress and its callers
 */

/** The items of one kind. */
class Kind {
  constructor() {
    /** @type {Map<string, Held>} */
    this.items = new Map();
    /** @type {Map<string, Held>} items not used recently */
    this.older = new Map();
    /** @type {HeldAll | undefined} */
    this.all = undefined;
    /** @type {Map<string, Read>} reads in progress, by key */
    this.reads = new Map();
    /** @type {Read | undefined} a read of all items in progress */
    this.readOfAll = undefined;
  }
}

class ItemCache {
  constructor() {
    /** @type {Map<string, Kind>} */
    this.kinds = new Map();
    // The last kind is remembered because most calls repeat it.
    /** @type {string | undefined} */
    this.lastNamespace = undefined;
    this.lastKind = new Kind();
    this.generation = 0;
    this.bound = Number.POSITIVE_INFINITY;
    /** The total text length of the newer items, of all kinds. */
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
   * @returns {Held | undefined} the memo of the item, fresh or not
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
    const replaced = kind.items.get(key);
    if (replaced !== undefined) this.size -= replaced.size;
    // An answer without a revision is only worth keeping if it is a "missing" that may be repeated.
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
   * Checks whether an answer may be repeated, and counts the read if so. A clock that went back makes it false.
   *
   * @param {Held | HeldAll} held
   * @returns {boolean} whether the answer may be repeated
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
    this.size = 0;
  }
}

module.exports = { ItemCache };
