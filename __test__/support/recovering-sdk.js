'use strict';

/**
 * What the data system of `@launchdarkly/node-server-sdk` does with a persistent store after 9.13: it keeps all data in
 * memory and hands every change to the store. If a callback has an error, it polls `isStoreAvailable`, and then hands
 * over everything again, tombstones included. No published version does this yet.
 */

/** The figures of the SDK, in milliseconds. */
const POLL_MS = 500;
const AFTER_SUCCESS_MS = 1_000;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;
const HUNG_MS = 30_000;

class RecoveringSdk {
  /**
   * @param {any} store the view of a client of SDK 9
   */
  constructor(store) {
    this.store = store;
    /** @type {Record<string, Record<string, any>>} items by key, by namespace, with tombstones */
    this.memory = {};
    this.hasBasis = false;
    this.isAvailable = true;
    /** @type {Error[]} what callbacks of single changes and data sets got */
    this.errors = [];
    /** The number of times that everything was handed over again. */
    this.writeBacks = 0;
    this.failures = 0;
    this.embargoUntil = 0;
    /** @type {number | undefined} */
    this.probingSince = undefined;
    /** @type {number | undefined} */
    this.writingSince = undefined;
    /** Changes when what is under way no longer counts. */
    this.generation = 0;
    /** @type {NodeJS.Timeout | undefined} */
    this.timer = undefined;
  }

  /** Receives a data set. Resolves with the callback's error. */
  init(data) {
    this.memory = structuredClone(data);
    this.hasBasis = true;
    return this.handOver(true, (callback) => this.store.init(data, callback));
  }

  /** Receives an item. Resolves with the callback's error. */
  upsert(kind, item) {
    const items = this.memory[kind.namespace] ?? {};
    this.memory = { ...this.memory, [kind.namespace]: { ...items, [item.key]: item } };
    return this.handOver(false, (callback) => this.store.upsert(kind, item, callback));
  }

  close() {
    this.stopPolling();
  }

  handOver(isBasis, call) {
    return new Promise((resolve) => {
      call((error) => {
        if (error) {
          this.errors.push(error);
          this.becameUnavailable();
        } else if (!this.isAvailable) {
          if (isBasis) this.becameAvailable();
          else this.recover();
        }
        resolve(error);
      });
    });
  }

  becameUnavailable() {
    if (!this.isAvailable) return;
    this.isAvailable = false;
    this.forgetCalls();
    this.timer = setInterval(() => this.poll(), POLL_MS);
  }

  becameAvailable() {
    this.isAvailable = true;
    this.failures = 0;
    this.embargoUntil = Math.min(this.embargoUntil, Date.now() + AFTER_SUCCESS_MS);
    this.forgetCalls();
    this.stopPolling();
  }

  forgetCalls() {
    this.generation += 1;
    this.probingSince = undefined;
    this.writingSince = undefined;
  }

  stopPolling() {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  poll() {
    if (this.writingSince !== undefined && !this.givesUpWriteBack()) return;
    if (this.probingSince !== undefined && Date.now() - this.probingSince < HUNG_MS) return;
    if (this.isAvailable || Date.now() < this.embargoUntil) return;
    this.generation += 1;
    const { generation } = this;
    this.probingSince = Date.now();
    this.store.isStoreAvailable((available) => {
      if (generation !== this.generation) return;
      this.probingSince = undefined;
      if (available) this.recover();
    });
  }

  recover() {
    if (this.writingSince !== undefined && !this.givesUpWriteBack()) return;
    if (this.isAvailable || Date.now() < this.embargoUntil) return;
    if (!this.hasBasis) {
      this.becameAvailable();
      return;
    }
    this.generation += 1;
    const { generation } = this;
    this.probingSince = undefined;
    this.writingSince = Date.now();
    this.writeBacks += 1;
    this.store.init(this.memory, (error) => {
      if (generation !== this.generation) return;
      this.writingSince = undefined;
      if (error) {
        this.waitLonger();
      } else {
        this.embargoUntil = Date.now() + AFTER_SUCCESS_MS;
        this.becameAvailable();
      }
    });
  }

  givesUpWriteBack() {
    if (this.writingSince === undefined || Date.now() - this.writingSince < HUNG_MS) return false;
    this.generation += 1;
    this.writingSince = undefined;
    this.waitLonger();
    return true;
  }

  waitLonger() {
    const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** this.failures, LONGEST_BACKOFF_MS);
    this.failures += 1;
    this.embargoUntil = Date.now() + backoff;
  }
}

module.exports = { RecoveringSdk };
