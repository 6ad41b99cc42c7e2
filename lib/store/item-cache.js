'use strict';

/**
 * Parsed items that may be answered from at once, without a call into the native store.
 *
 * This is a memo, not a policy: how long an answer may be given is the native store's to say, and is
 * only ever obeyed here. Which items are held is its matter too: it tells when one had to make room.
 * What is past its time is kept, so that an item that has not changed is not parsed again.
 *
 * Tickets order what is known by when it was so: of two answers, the one with the later ticket counts.
 */

const { now } = require('../host/event-loop');

/**
 * @typedef {import('../native/response-queue').Callback} Callback
 *
 * @typedef {object} Held
 * @property {any} value the item; `null` for one that is missing
 * @property {number} revision names the text it was parsed from; 0 for none
 * @property {number} ticket when it was so
 * @property {number} since when it came, by the wall clock
 * @property {number} until until when it may be given, by the wall clock
 * @property {boolean} stale whether it is past its time, and given for want of a better one
 * @property {boolean} used whether the native store will be told that it was used
 * @property {number} written the ticket of its last write; what is older may not be given again
 *
 * @typedef {object} HeldAll
 * @property {any} value all live items by key
 * @property {number} state names it to the native store
 * @property {number} ticket
 * @property {number} since
 * @property {number} until
 * @property {boolean} stale
 *
 * @typedef {[string, string, number]} Evicted kind, key, revision
 */

/** How often the native store is told which items are used, in milliseconds. */
const TOUCH_INTERVAL_MS = 1000;

/** The items of one kind. */
class Kind {
  constructor() {
    /** @type {Map<string, Held>} */
    this.items = new Map();
    /** @type {HeldAll | undefined} */
    this.all = undefined;
    /** The latest ticket of an item that was kept. */
    this.latest = 0;
    /** The ticket of the last write. What is older need not be all that there is. */
    this.written = 0;
    /** @type {string[]} keys of items that were used since the native store was told */
    this.touched = [];
    /**
     * Whoever else waits for a read that is under way, by key.
     *
     * @type {Map<string, Callback[]>}
     */
    this.reads = new Map();
    /** @type {Callback[] | undefined} likewise for a read of all items */
    this.readOfAll = undefined;
  }

  /**
   * Keeps what is known of an item, unless something later is known. An answer without a ticket was not kept
   * by the native store either.
   *
   * @param {string} key
   * @param {Held} held
   * @returns {Held} what is known then: a read that waited may have been overtaken
   */
  keep(key, held) {
    const known = this.items.get(key);
    if (held.ticket === 0) return held;
    if (known && known.ticket > held.ticket) return known;
    // Without what was held, it may be just this item that was written since.
    held.written = known ? known.written : this.written;
    if (held.ticket < held.written) held.until = 0;
    if (held.ticket > this.latest) this.latest = held.ticket;
    // Whoever asks for all items must not be told less.
    if (this.all && !isAmong(this.all.value, key, held.value)) this.all.until = 0;
    // Without a revision there is nothing to keep but for how long it is missing.
    if (held.revision > 0 || held.until > held.since) this.items.set(key, held);
    else this.items.delete(key);
    return held;
  }

  /**
   * Keeps all items, unless they are known as they were later.
   *
   * @param {HeldAll} held
   * @returns {HeldAll} what is known then, likewise
   */
  keepAll(held) {
    if (held.state === 0) {
      this.all = undefined;
      return held;
    }
    // The native store has not kept it either.
    if (held.ticket === 0) return held;
    if (this.all && this.all.ticket > held.ticket) return this.all;
    if (held.ticket < this.written) held.until = 0;
    this.all = held;
    return held;
  }

  /**
   * To be called when an item was written, or may have been.
   *
   * @param {string} key
   * @param {number} ticket
   */
  wrote(key, ticket) {
    this.reads.delete(key);
    this.readOfAll = undefined;
    this.written = Math.max(this.written, ticket);
    if (this.all) this.all.until = 0;
    const known = this.items.get(key);
    if (known && known.ticket < ticket) {
      known.until = 0;
      known.written = ticket;
    }
  }
}

/**
 * @param {Record<string, any>} items
 * @param {string} key
 * @param {any} value `null` for one that is missing
 */
function isAmong(items, key, value) {
  if (!Object.prototype.hasOwnProperty.call(items, key)) return value === null;
  return items[key] === value;
}

class ItemCache {
  constructor() {
    /** @type {Map<string, Kind>} */
    this.kinds = new Map();
    // Most calls are for the kind of the call before.
    /** @type {string | undefined} */
    this.lastNamespace = undefined;
    this.lastKind = new Kind();
    this.validFrom = 0;
    this.missingFrom = 0;
    this.tight = false;
    this.touchedAt = 0;
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
   * Counts a read that is answered from here.
   *
   * @param {Held | HeldAll} held
   * @returns {boolean} whether it may be answered with this. A clock that went back ends that too.
   */
  answers(held) {
    const time = now();
    if (
      time >= held.until ||
      time < held.since ||
      held.ticket < (held.value === null ? this.missingFrom : this.validFrom)
    ) {
      return false;
    }
    if (held.stale) this.stale += 1;
    else this.hits += 1;
    return true;
  }

  /**
   * To be called when an item was used while the cache is tight.
   *
   * @param {Kind} kind
   * @param {string} key
   * @param {Held} held
   */
  touch(kind, key, held) {
    if (held.used) return;
    held.used = true;
    kind.touched.push(key);
  }

  /**
   * Tells `tell` now and then which items were used.
   *
   * @param {(namespace: string, keys: string[]) => void} tell
   */
  flushTouched(tell) {
    const time = now();
    if (time >= this.touchedAt && time < this.touchedAt + TOUCH_INTERVAL_MS) return;
    this.touchedAt = time;
    for (const [namespace, kind] of this.kinds) {
      if (kind.touched.length === 0) continue;
      const keys = kind.touched;
      kind.touched = [];
      for (const key of keys) {
        const held = kind.items.get(key);
        if (held) held.used = false;
      }
      tell(namespace, keys);
    }
  }

  /**
   * Obeys what the native store says of what is held.
   *
   * @param {Evicted[]} evicted
   * @param {boolean} tight whether items may soon have to make room
   * @param {number} validFrom nothing with an older ticket is fresh
   * @param {number} missingFrom nothing with an older ticket is missing
   */
  settle(evicted, tight, validFrom, missingFrom) {
    this.tight = tight;
    this.validFrom = validFrom;
    this.missingFrom = Math.max(missingFrom, validFrom);
    for (const [namespace, key, revision] of evicted) {
      const kind = this.kind(namespace);
      const held = kind.items.get(key);
      if (held && held.revision === revision) kind.items.delete(key);
      if (kind.all && revision > 0) kind.all = undefined;
    }
  }

  /**
   * Obeys what another cache of the same store was told.
   *
   * @param {ItemCache} other
   */
  settleLike(other) {
    this.settle([], other.tight, other.validFrom, other.missingFrom);
  }

  /** To be called when everything was written, or may have been. */
  wroteAll() {
    for (const kind of this.kinds.values()) {
      kind.reads = new Map();
      kind.readOfAll = undefined;
    }
  }

  clear() {
    this.kinds.clear();
    this.lastNamespace = undefined;
  }
}

module.exports = { ItemCache, Kind };
