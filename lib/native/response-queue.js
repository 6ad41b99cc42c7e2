'use strict';

/**
 * The JavaScript end of the native store's response queue: sends requests, and passes their answers on.
 *
 * Answers come as text in the form that `src/binding/response_queue/mod.rs` documents.
 *
 * No request is lost: if anything throws while it is sent or answered, it ends with its failure answer and one error
 * line. `ResponseQueue.waiting` has all requests without an answer. They leave it through `settle` or `fail`.
 */

const { AsyncResource } = require('async_hooks');

const { inBackground } = require('../host/async-context');
const { clearInterval, inAnotherTurn, nextTick, setInterval } = require('../host/event-loop');
const { describeFailure } = require('../logging/redaction');

/** The longest interval that there is, in milliseconds. */
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/**
 * @typedef {{take(): string | null}} Native the native store
 * @typedef {import('../store/item-cache').ItemCache} ItemCache
 * @typedef {import('../logging/router').LogRouter} LogRouter
 *
 * @typedef {any[]} Answer begins with the number of the request
 *
 * @typedef {object} Request
 * @property {string} what its name, for the log
 * @property {AsyncResource} [requester] the asynchronous context of the caller
 * @property {boolean} [isWrite] whether `close` waits for its answer
 * @property {(answer: Answer, size: number) => boolean} settle gets an answer and the approximate length of its
 *   text. Returns whether the answer is complete
 * @property {(reason: string) => void} fail calls back with a failure, unless it has called back. Does as little as
 *   possible, so that it does not fail itself
 */

/** Returned by methods that will call back, instead of an answer. */
const WAITING = Symbol('waiting');

class ResponseQueue {
  /**
   * @param {LogRouter} logs
   */
  constructor(logs) {
    this.logs = logs;
    /** The newest generation of the native store that is known here. */
    this.generation = 0;
    /** @type {ItemCache[]} the item caches that depend on the generation */
    this.caches = [];
    this.lastId = 0;
    /** @type {Map<number, Request>} */
    this.waiting = new Map();
    /**
     * The native store, while requests wait. The reference keeps it from being collected.
     *
     * @type {Native | undefined}
     */
    this.native = undefined;
    /**
     * Keeps the process alive while requests wait. The native store does not.
     *
     * @type {NodeJS.Timeout | undefined}
     */
    this.alive = undefined;
    /** @type {(() => void) | undefined} called when no request waits any more */
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
   * @param {number} generation of the native store, when it answered
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
   * @param {(id: number) => void} start passes the request to the native store, with its number
   * @returns {number | undefined} the number; `undefined` if the request has failed already
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

  /** @returns {number} the number of a new request */
  nextId() {
    this.lastId = this.lastId === 0xffffffff ? 1 : this.lastId + 1;
    return this.lastId;
  }

  /**
   * Adds a request that is not sent with `send`.
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
   * Sends a request whose answer is a JSON value.
   *
   * @template {Native} N
   * @param {N} native
   * @param {string} what
   * @param {(native: N, id: number) => void} start
   * @param {(code: string, message: string) => Error} toError
   * @returns {Promise<any>}
   */
  request(native, what, start, toError) {
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
   * Logs the lines before it settles the requests. Never throws.
   *
   * @param {string | null | undefined} text
   * @param {Native} [native] the native store, in case there is more to take
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
      // It is unknown which requests these answers belong to.
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
   * @param {number} size the approximate length of its text
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
   * Ends a request with a failure, unless it has ended. An answer that comes later is ignored.
   *
   * @param {number} id
   * @param {unknown} thrown the reason
   */
  fail(id, thrown) {
    const request = this.waiting.get(id);
    if (!request) return;
    this.forget(id);
    this.logs.defect(request.what, thrown);
    request.fail(describeFailure(thrown));
  }

  /**
   * @param {unknown} thrown the reason
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
   * @returns {AsyncResource | undefined} the asynchronous context of the caller of a request that waits
   */
  requesterOf(id) {
    const request = this.waiting.get(id);
    return request && request.requester;
  }

  /**
   * Closes the queue as soon as all writes are answered. Reads fail at once.
   *
   * @param {Native & {release(): void}} native the closed native store
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
 * A caller's callback. It is called at most once, in a tick of its own and in the caller's asynchronous context. What
 * it throws becomes an uncaught exception.
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
 * @returns {boolean} whether the request failed. The failure has been logged
 */
function isFailure(answer) {
  return typeof answer[1] === 'string';
}

module.exports = { Callback, ResponseQueue, WAITING, isFailure };
