'use strict';

/**
 * The JavaScript end of the native store's response queue: sends requests and delivers their answers.
 *
 * Answers arrive as text in the form that `src/binding/response_queue/mod.rs` documents.
 *
 * No request is lost: if anything throws while a request is sent or answered, the request ends with its failure
 * answer and one error line. `ResponseQueue.waiting` holds all requests without an answer; they leave it
 * through `settle` or `fail`.
 */

const { AsyncResource } = require('async_hooks');

const { inBackground } = require('../host/async-context');
const { clearInterval, inAnotherTurn, nextTick, setInterval } = require('../host/event-loop');
const { describeFailure } = require('../logging/redaction');

/** The longest interval that Node supports, in milliseconds. */
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/**
 * @typedef {{take(): string | null}} Native the native store
 * @typedef {import('../store/item-cache').ItemCache} ItemCache
 * @typedef {import('../logging/router').LogRouter} LogRouter
 *
 * @typedef {import('../..').ErrorCode} ErrorCode
 * @typedef {import('../..').LogCode} LogCode
 *
 * @typedef {any[]} Answer begins with the request's number
 *
 * @typedef {object} Request
 * @property {string} what the request's name in log lines
 * @property {AsyncResource} [requester] the asynchronous context of the caller
 * @property {boolean} [isWrite] whether `close` waits for its answer
 * @property {(answer: Answer, size: number) => boolean} settle gets an answer and the approximate length of
 *   its text; returns whether the answer is complete
 * @property {(reason: string) => void} fail calls back with a failure unless it has called back; does
 *   as little as possible, so that it does not fail itself
 */

/** Returned in place of an answer by methods that call back later. */
const WAITING = Symbol('waiting');

class ResponseQueue {
  /**
   * @param {LogRouter} logs
   */
  constructor(logs) {
    this.logs = logs;
    /** The newest known generation of the native store. */
    this.generation = 0;
    /** @type {ItemCache[]} the item caches that depend on the generation */
    this.caches = [];
    this.lastId = 0;
    /** @type {Map<number, Request>} */
    this.waiting = new Map();
    /**
     * The native store while requests wait. The reference keeps it from garbage collection.
     *
     * @type {Native | undefined}
     */
    this.native = undefined;
    /**
     * Keeps the process alive while requests wait; the native store does not.
     *
     * @type {NodeJS.Timeout | undefined}
     */
    this.alive = undefined;
    /** @type {(() => void) | undefined} called when no request waits */
    this.onEmpty = undefined;
    this.deliver = this.deliver.bind(this);
  }

  /**
   * @param {ItemCache} cache an empty cache
   */
  serve(cache) {
    cache.generation = this.generation;
    this.caches.push(cache);
  }

  /**
   * @param {number} generation the native store's generation in an answer
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
   * @param {(id: number) => void} start passes the request with this number to the native store
   * @returns {number | undefined} the request's number; `undefined` if sending failed
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
   * Registers a request, which then waits for its answer.
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
   * Sends a request whose answer is a JSON value, and returns that value.
   *
   * @template {Native} N
   * @param {N} native
   * @param {string} what
   * @param {(native: N, id: number) => void} start
   * @param {(code: ErrorCode, message: string) => Error} toError
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
   * Delivers log lines, then answers. Never throws.
   *
   * @param {string | null | undefined} text
   * @param {Native} [native] the native store, from which further messages are taken
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
      // The requests that these answers belong to are unknown.
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
   * @param {[string, ...[import('../logging/router').Level, LogCode, string][]]} lines after the table's location
   */
  log([location, ...lines]) {
    this.logs.location = location;
    if (lines.length === 0) return;
    inBackground(() => {
      for (const [level, code, text] of lines) this.logs.log(level, code, text);
    });
  }

  /**
   * @param {Answer} answer
   * @param {number} size the approximate length of the answer's text
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
   * Ends a request with a failure, unless it has ended. Later answers are ignored.
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
   * @param {number} id the number of a request that has ended
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
   * @returns {AsyncResource | undefined} the asynchronous context of the caller of a waiting request
   */
  requesterOf(id) {
    const request = this.waiting.get(id);
    return request && request.requester;
  }

  /**
   * Closes the queue as soon as all writes have an answer. Reads fail at once.
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
 * A caller's callback. It runs at most once, in a tick of its own and in the caller's asynchronous context. If
 * it throws, that becomes an uncaught exception.
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
 * @returns {boolean} whether the request failed; the failure has been logged
 */
function isFailure(answer) {
  return typeof answer[1] === 'string';
}

module.exports = { Callback, ResponseQueue, WAITING, isFailure };
