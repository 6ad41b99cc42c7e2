'use strict';

/**
 * The store value that an application passes to SDK clients. SDK 6 to 9 call it with their configuration or
 * context to get a view. SDK 5 takes an object, so the value also has a view's methods.
 *
 * All views share one core. A view's `close()` closes that view; the core closes with its last view.
 *
 * @typedef {import('../logging/router').LogRouter} LogRouter
 */

const { clearTimeout, inAnotherTurn, setTimeout } = require('../host/event-loop');
const { isLogger } = require('../logging/router');

/** How long a closing view waits for its requests and the writes that follow them, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;

/**
 * @typedef {object} Core the state that views share
 * @property {boolean} closed whether the core rejects new requests
 * @property {() => Promise<void>} close closes the core within one second; never rejects
 * @property {() => void} noMoreRequests called after `close`, when no request follows
 */

/**
 * @template C the core
 * @typedef {object} Access
 * @property {() => View<C> | undefined} view the open view; `undefined` after its close
 * @property {() => C} lastCore the current core; the last one if it is closed
 * @property {() => Promise<void>} close
 */

/**
 * @template {Core} C
 * @template {object} V
 * @param {LogRouter} logs
 * @param {() => C} newCore
 * @param {(access: Access<C>, config: any, value: Function) => V} newView makes a view's methods; `config` is the SDK
 *   client's, `value` is what the client calls
 */
function storeValue(logs, newCore, newView) {
  // Created early, so that it connects while Node loads other modules.
  let shared = new SharedCore(newCore());

  /** @returns {SharedCore<C>} the open core; a new one after a close */
  function openCore() {
    if (shared.ended) shared = new SharedCore(newCore());
    return shared;
  }

  /**
   * Makes a view, for SDKs that call a function.
   *
   * @param {any} [config] the SDK client's configuration; in SDK 8 and 9 its context
   */
  function value(config) {
    const logger = loggerOf(config);
    const owner = openCore();
    const { core } = owner;
    const view = owner.newView();
    /** @type {Promise<void> | undefined} */
    let ended;
    const methods = newView(
      {
        view: () => (view.closed || core.closed ? undefined : view),
        lastCore: () => core,
        close: () => {
          if (ended === undefined) {
            ended = owner.closeClient(view);
            // Log lines up to the end of the close go to this client's logger.
            if (logger) ended.then(() => logs.remove(logger));
          }
          return ended;
        },
      },
      config,
      value
    );
    if (logger) logs.add(logger);
    else logs.useConsoleLogger();
    owner.clients += 1;
    return methods;
  }

  // All clients of SDK 5 use and close the same object: a close ends this core, and the next call opens a new
  // one.
  const methods = newView(
    {
      view: () => {
        logs.useConsoleLogger();
        return openCore().own;
      },
      lastCore: () => shared.core,
      close: () => shared.close(),
    },
    undefined,
    value
  );
  return Object.assign(value, methods);
}

/**
 * A core with its views. It closes when the last client closes its view.
 *
 * @template {Core} C
 */
class SharedCore {
  /**
   * @param {C} core
   */
  constructor(core) {
    this.core = core;
    /** @type {Set<View<C>>} the open views */
    this.views = new Set();
    /** How many clients have an open view. */
    this.clients = 0;
    /** The view of the store value's own methods. */
    this.own = this.newView();
    /** @type {Promise<void> | undefined} */
    this.ended = undefined;
  }

  /** @returns {View<C>} */
  newView() {
    const view = new View(this.core, () => {
      this.views.delete(view);
      if (this.views.size === 0) this.core.noMoreRequests();
    });
    this.views.add(view);
    return view;
  }

  /**
   * @param {View<C>} view
   * @returns {Promise<void>}
   */
  closeClient(view) {
    this.clients -= 1;
    const closed = view.close();
    return this.clients === 0 || this.ended ? this.close() : closed;
  }

  /** @returns {Promise<void>} the same promise each time */
  close() {
    if (this.ended === undefined) {
      this.ended = this.core.close().then(() => {
        for (const view of this.views) view.end();
      });
      for (const view of this.views) view.close();
    }
    return this.ended;
  }
}

/**
 * One client's use of a core.
 *
 * SDKs write a change as a chain of writes: each starts in the callback of the one before, even after their
 * client is closed. So a closing view stays usable while its requests wait, and in the turn after a write has
 * ended.
 *
 * @template C
 */
class View {
  /**
   * @param {C} core
   * @param {() => void} onEnd
   */
  constructor(core, onEnd) {
    this.core = core;
    this.onEnd = onEnd;
    /** Requests without an answer, and writes that ended in this turn. */
    this.requests = 0;
    this.endedWrites = 0;
    this.closed = false;
    /** @type {Promise<void> | undefined} */
    this.ended = undefined;
  }

  /** Call it for a request that is answered later. */
  requestStarted() {
    this.requests += 1;
  }

  /** Call it when a request other than a write has an answer. */
  requestEnded() {
    this.forget(1);
  }

  /** Call it when a write has an answer. The next write of the chain may start later in this turn. */
  writeEnded() {
    this.endedWrites += 1;
    if (this.endedWrites > 1) return;
    inAnotherTurn(() => {
      const ended = this.endedWrites;
      this.endedWrites = 0;
      this.forget(ended);
    });
  }

  /**
   * @param {number} requests the number of requests that ended
   */
  forget(requests) {
    this.requests -= requests;
    if (this.requests === 0 && this.ended) this.end();
  }

  /** @returns {Promise<void>} */
  close() {
    if (this.ended === undefined) {
      this.ended = new Promise((resolve) => {
        this.resolve = resolve;
      });
      if (this.requests === 0) this.end();
      else this.timer = setTimeout(() => this.end(), CLOSE_TIMEOUT_MS);
    }
    return this.ended;
  }

  end() {
    if (this.closed) return;
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    if (this.resolve) this.resolve(undefined);
    this.onEnd();
  }
}

/**
 * @param {any} config
 */
function loggerOf(config) {
  const { logger } = (config && config.basicConfiguration) || config || {};
  return isLogger(logger) ? logger : undefined;
}

module.exports = { storeValue };
