'use strict';

/**
 * Parsed items that may be answered from at once, without a call into the native store.
 *
 * This is a memo, not a policy: how long an answer is fresh is the native store's to say, and is only
 * ever obeyed here. What is missing is not kept: how many keys that could be is in nobody's hands.
 */

/**
 * @typedef {object} Held
 * @property {any} value
 * @property {number} since when it came, by the wall clock
 * @property {number} freshUntil until when it may be given, by the wall clock
 *
 * @typedef {object} HeldKind
 * @property {Map<string, Held>} items
 * @property {Held | undefined} all
 */

class ItemCache {
  constructor() {
    /** @type {Map<string, HeldKind>} */
    this.kinds = new Map();
    /** How many writes have ended. An answer to a read that began before one may be outdated. */
    this.writes = 0;
  }

  /**
   * To be called before a read whose answer is to be kept.
   *
   * @returns {number} a moment among the writes
   */
  begin() {
    return this.writes;
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @returns {any} the item, or `undefined` where the native store must be asked
   */
  item(namespace, key) {
    const kind = this.kinds.get(namespace);
    return kind && fresh(kind.items.get(key));
  }

  /**
   * @param {string} namespace
   * @returns {any} all items by key, or `undefined` where the native store must be asked
   */
  all(namespace) {
    const kind = this.kinds.get(namespace);
    return kind && fresh(kind.all);
  }

  /**
   * @param {number} begun
   * @param {string} namespace
   * @param {string} key
   * @param {any} value
   * @param {number} freshUntil
   */
  keepItem(begun, namespace, key, value, freshUntil) {
    if (this.mayKeep(begun, freshUntil)) {
      this.kind(namespace).items.set(key, { value, since: Date.now(), freshUntil });
    }
  }

  /**
   * @param {number} begun
   * @param {string} namespace
   * @param {any} value
   * @param {number} freshUntil
   */
  keepAll(begun, namespace, value, freshUntil) {
    if (this.mayKeep(begun, freshUntil)) {
      this.kind(namespace).all = { value, since: Date.now(), freshUntil };
    }
  }

  /**
   * To be called when an item was written.
   *
   * @param {string} namespace
   * @param {string} key
   */
  forget(namespace, key) {
    this.writes += 1;
    const kind = this.kinds.get(namespace);
    if (kind) {
      kind.items.delete(key);
      kind.all = undefined;
    }
  }

  /** To be called when everything may have been written. */
  forgetAll() {
    this.writes += 1;
    this.kinds.clear();
  }

  /**
   * @param {number} begun
   * @param {number} freshUntil
   */
  mayKeep(begun, freshUntil) {
    return begun === this.writes && Date.now() < freshUntil;
  }

  /**
   * @param {string} namespace
   * @returns {HeldKind}
   */
  kind(namespace) {
    let kind = this.kinds.get(namespace);
    if (!kind) {
      kind = { items: new Map(), all: undefined };
      this.kinds.set(namespace, kind);
    }
    return kind;
  }
}

/**
 * @param {Held | undefined} held
 * @returns {any} its value, or `undefined` when its time is over. A clock that went back ends it too.
 */
function fresh(held) {
  if (!held) return undefined;
  const now = Date.now();
  return now >= held.since && now < held.freshUntil ? held.value : undefined;
}

module.exports = { ItemCache };
