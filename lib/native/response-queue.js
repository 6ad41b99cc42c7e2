'use strict';

/**
 * This thread's end of the native store's response queue: requests that wait for their answers, and the way
 * back to whoever asked.
 *
 * What comes is text in the form that `src/binding/response_queue/mod.rs` describes.
 *
 * No request is lost: whatever throws while it is sent or its answer is worked with, it ends with its
 * failure answer and one error line. All that wait are in `ResponseQueue.waiting`, and leave it through `settle`
 * or `fail`.
 */

const { AsyncResource } = require('async_hooks');

const { inBackground } = require('../host/async-context');
const { clearInterval, inAnotherTurn, nextTick, setInterval } = require('../host/event-loop');
const { describeFailure } = require('../logging/redaction');

/** The longest interval that there is, in milliseconds. */
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/**
 * @typedef {{take(): string | null}} Native a native store, whose response queue this is the end of
 * @typedef {import('../store/item-cache').ItemCache} ItemCache
 * @typedef {import('../logging/router').LogRouter} LogRouter
 *
 * @typedef {any[]} Answer the request's number, and what belongs to its kind
 *
 * @typedef {object} Request
 * @property {string} what it asks for, for the log
 * @property {AsyncResource} [requester] the asynchronous context of whoever asks
 * @property {boolean} [isWrite] whether a close waits for its answer
 * @property {(answer: Answer, size: number) => boolean} settle gets an answer and the length of its text, roughly;
 *   returns whether that was all
 * @property {(reason: string) => void} fail answers with a failure whoever has no answer yet. Does as
 *   little as possible, so that nothing can go wrong.
 */

/** What a method returns that will call back, instead of an answer that is known at once. */
const WAITING = Symbol('waiting');

class ResponseQueue {
  /**
   * @param {LogRouter} logs
   */
  constructor(logs) {
    this.logs = logs;
    /** Of what the native store knows. */
    this.generation = 0;
    /** @type {ItemCache[]} those that go by it */
    this.caches = [];
    this.lastId = 0;
    /** @type {Map<number, Request>} */
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
    /** @type {(() => void) | undefined} called when nothing waits any more */
    this.onEmpty = undefined;
    this.deliver = this.deliver.bind(this);
  }

  /**
   * @param {ItemCache} cache an empty one
   */
  serve(cache) {
    cache.generation = this.generation;
    this.caches.push(cache);
  }

  /**
   * @param {number} generation that the native store had when it gave an answer
   */
  advance(generation) {
    if (generation <= this.generation) return;
    this.generation = generation;
    for (const cache of this.caches) cache.generation = generation;
  }

  /**
   * Sends a request.
   *
   * @template {Native} N
   * @param {N} native
   * @param {Request} request
   * @param {(id: number) => void} start gives the native store the request, by its number
   * @returns {number | undefined} the number; `undefined` when the request has failed already
   */
  send(native, request, start) {
    const id = this.nextId();
    this.expect(id, native, request);
    try {
      start(id);
    } catch (thrown) {
      this.fail(id, thrown);
      return undefined;
    }
    return id;
  }

  /** @returns {number} for a new request */
  nextId() {
    this.lastId = this.lastId === 0xffffffff ? 1 : this.lastId + 1;
    return this.lastId;
  }

  /**
   * To be called by whoever gives the native store a request otherwise than through `send`.
   *
   * @param {number} id
   * @param {Native} native
   * @param {Request} request
   */
  expect(id, native, request) {
    if (this.waiting.size === 0) {
      this.native = native;
      if (this.alive) this.alive.ref();
      else this.alive = setInterval(() => {}, LONGEST_INTERVAL_MS);
    }
    this.waiting.set(id, request);
  }

  /**
   * Requests something that comes as JSON.
   *
   * @template {Native} N
   * @param {N} native
   * @param {string} what
   * @param {(native: N, id: number) => void} start
   * @param {(code: string, message: string) => Error} toError
   * @returns {Promise<any>}
   */
  ask(native, what, start, toError) {
    return new Promise((resolve, reject) => {
      const waiting = new Callback((/** @type {() => void} */ end) => end());
      const request = {
        what,
        requester: waiting,
        settle(/** @type {Answer} */ answer) {
          if (isFailure(answer)) waiting.call(() => reject(toError(answer[1], answer[2])));
          else waiting.call(() => resolve(answer[2]));
          return true;
        },
        fail(/** @type {string} */ reason) {
          waiting.call(() => reject(toError('INTERNAL', `${what}: ${reason}`)));
        },
      };
      this.send(native, request, (id) => start(native, id));
    });
  }

  /**
   * Lines go to the log before the answers that they belong to. Never throws.
   *
   * @param {string | null | undefined} text
   * @param {Native} [native] has the rest, if there is any
   */
  deliver(text, native = this.native) {
    if (!text) return;
    let more = 1;
    try {
      const [isMore, generation, lines, ...answers] = JSON.parse(text);
      more = isMore;
      this.advance(generation);
      if (lines) this.log(lines);
      const size = text.length / answers.length;
      for (const answer of answers) this.settle(answer, size);
    } catch (thrown) {
      // It is not known whose answers these were.
      this.failAll(thrown);
    }
    if (more && native) inAnotherTurn(() => this.takeMore(native));
  }

  /**
   * @param {Native} native
   */
  takeMore(native) {
    try {
      this.deliver(native.take(), native);
    } catch (thrown) {
      this.failAll(thrown);
    }
  }

  /**
   * @param {[import('../logging/router').Level, string][]} lines
   */
  log(lines) {
    inBackground(() => {
      for (const [level, line] of lines) this.logs.log(level, line);
    });
  }

  /**
   * @param {Answer} answer
   * @param {number} size the length of its text, roughly
   */
  settle(answer, size) {
    const id = answer[0];
    const request = this.waiting.get(id);
    if (!request) return;
    try {
      if (request.settle(answer, size)) this.forget(id);
    } catch (thrown) {
      this.fail(id, thrown);
    }
  }

  /**
   * Ends a request that can't be answered, unless it has ended. Its answer, if one comes, is for nobody.
   *
   * @param {number} id
   * @param {unknown} thrown why
   */
  fail(id, thrown) {
    const request = this.waiting.get(id);
    if (!request) return;
    this.forget(id);
    this.logs.defect(request.what, thrown);
    request.fail(describeFailure(thrown));
  }

  /**
   * @param {unknown} thrown why
   */
  failAll(thrown) {
    this.logs.defect("the native store's answers can't be read", thrown);
    const reason = describeFailure(thrown);
    for (const [id, request] of this.waiting) {
      this.forget(id);
      request.fail(reason);
    }
  }

  /**
   * @param {number} id of a request that has ended
   */
  forget(id) {
    this.waiting.delete(id);
    if (this.waiting.size === 0) {
      if (this.alive) this.alive.unref();
      this.native = undefined;
      if (this.onEmpty) this.onEmpty();
    }
  }

  /**
   * @param {number} id
   * @returns {AsyncResource | undefined} the asynchronous context of whoever made a request that waits
   */
  requesterOf(id) {
    const request = this.waiting.get(id);
    return request && request.requester;
  }

  /**
   * Ends when all writes have been answered: nothing is taken from the native store then. Reads that wait
   * are not waited for.
   *
   * @param {Native & {release(): void}} native one that has been closed
   * @param {() => void} onClosed
   */
  close(native, onClosed) {
    for (const [id, { isWrite }] of this.waiting) {
      if (!isWrite) this.settle([id, 'CLOSED', 'the store is closed'], 0);
    }
    this.onEmpty = () => {
      this.onEmpty = undefined;
      if (this.alive) clearInterval(this.alive);
      native.release();
      onClosed();
    };
    if (this.waiting.size === 0) this.onEmpty();
  }
}

/**
 * A caller's callback. It is called once at most, when everything else is in order, in the asynchronous context of
 * the caller; its own exception surfaces as an uncaught one.
 */
class Callback extends AsyncResource {
  /**
   * @param {(value: any) => void} callback
   */
  constructor(callback) {
    super('DynamoDBFeatureStore', { requireManualDestroy: true });
    /** @type {((value: any) => void) | undefined} */
    this.callback = callback;
  }

  /**
   * @param {any} [value]
   */
  call(value) {
    const { callback } = this;
    if (callback === undefined) return;
    this.callback = undefined;
    this.runInAsyncScope(nextTick, process, callback, value);
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

module.exports = { Callback, ResponseQueue, WAITING, isFailure };
