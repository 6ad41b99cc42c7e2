'use strict';

/**
 * This thread's end of the native store's mailbox: requests that wait for their answers, and the way
 * back to whoever asked.
 *
 * What comes is text in the form that `src/mailbox.rs` describes.
 */

const { AsyncResource } = require('async_hooks');

const { inAnotherTurn, nextTick, setInterval } = require('./event-loop');
const { spreadOut } = require('./young-generation');

/** The longest interval that there is, in milliseconds. */
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/**
 * @typedef {{take(): string | null}} Native a native store, whose mailbox this is the end of
 * @typedef {import('./item-cache').ItemCache} ItemCache
 * @typedef {import('./logger').LogRouter} LogRouter
 *
 * @typedef {any[]} Answer the request's number, and what belongs to its kind
 * @typedef {(answer: Answer) => boolean} Settle returns whether that was all
 */

class Mailbox {
  /**
   * @param {LogRouter} logs
   */
  constructor(logs) {
    this.logs = logs;
    /** @type {ItemCache[]} those that obey what comes */
    this.caches = [];
    this.lastId = 0;
    /** @type {Map<number, Settle>} */
    this.waiting = new Map();
    /**
     * The native store, while something waits. It is never collected while it is referred to here.
     *
     * @type {Native | undefined}
     */
    this.native = undefined;
    /**
     * Keeps the process alive while something waits. The native store doesn't.
     *
     * @type {NodeJS.Timeout | undefined}
     */
    this.alive = undefined;
    this.deliver = this.deliver.bind(this);
  }

  /**
   * @param {ItemCache} cache an empty one
   */
  serve(cache) {
    if (this.caches.length > 0) cache.settleLike(this.caches[0]);
    this.caches.push(cache);
  }

  /** @returns {number} for a new request */
  nextId() {
    this.lastId = this.lastId === 0xffffffff ? 1 : this.lastId + 1;
    return this.lastId;
  }

  /**
   * To be called when a request has been sent.
   *
   * @param {number} id
   * @param {Native} native
   * @param {Settle} settle
   */
  expect(id, native, settle) {
    if (this.waiting.size === 0) {
      this.native = native;
      if (this.alive) this.alive.ref();
      else this.alive = setInterval(() => {}, LONGEST_INTERVAL_MS);
    }
    this.waiting.set(id, settle);
  }

  /**
   * Asks for something that is told as JSON.
   *
   * @template {Native} N
   * @param {N} native
   * @param {(native: N, id: number) => void} start
   * @param {(code: string, message: string) => Error} toError
   * @returns {Promise<any>}
   */
  ask(native, start, toError) {
    return new Promise((resolve, reject) => {
      const id = this.nextId();
      start(native, id);
      this.expect(id, native, (answer) => {
        if (isFailure(answer)) reject(toError(answer[1], answer[2]));
        else resolve(answer[2]);
        return true;
      });
    });
  }

  /**
   * Lines go to the log before the answers that they belong to.
   *
   * @param {string | null | undefined} text
   */
  deliver(text) {
    if (!text) return;
    const parts = JSON.parse(text);
    const [more, lines, evicted, tight, validFrom, missingFrom] = parts;
    const native = this.native;
    if (more && native) {
      spreadOut();
      inAnotherTurn(() => this.deliver(native.take()));
    }
    if (lines) for (const [level, line] of lines) this.logs.log(level, line);
    for (const cache of this.caches) {
      cache.settle(evicted || [], tight === 1, validFrom, missingFrom);
    }
    for (let i = 6; i < parts.length; i++) {
      try {
        this.settle(parts[i]);
      } catch (defect) {
        // The other answers must not be lost with this one.
        this.logs.log('error', `DynamoDBFeatureStore: ${defect}`);
      }
    }
  }

  /**
   * @param {Answer} answer
   */
  settle(answer) {
    const id = answer[0];
    const settle = this.waiting.get(id);
    if (!settle || !settle(answer)) return;
    this.waiting.delete(id);
    if (this.waiting.size === 0) {
      if (this.alive) this.alive.unref();
      this.native = undefined;
    }
  }
}

/**
 * A caller's callback. It is called once everything else is in order, in the asynchronous context of
 * the caller; its own exception surfaces as an uncaught one.
 */
class Callback extends AsyncResource {
  /**
   * @param {(value: any) => void} callback
   */
  constructor(callback) {
    super('DynamoDBFeatureStore', { requireManualDestroy: true });
    this.callback = callback;
  }

  /**
   * @param {any} [value]
   */
  call(value) {
    this.runInAsyncScope(nextTick, process, this.callback, value);
    this.emitDestroy();
  }
}

/**
 * @param {Answer} answer
 * @returns {boolean} whether the request failed; that was logged already
 */
function isFailure(answer) {
  return typeof answer[1] === 'string';
}

module.exports = { Callback, Mailbox, isFailure };
