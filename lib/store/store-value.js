'use strict';

/**
 * The store value that an application passes to SDK clients. It is a function, which SDK 6 to 9 call with their
 * configuration or context to get a view, and also has the methods of a view, for SDK 5, which takes an object.
 *
 * All views share one core. A view's `close()` closes that view; the core closes with its last view.
 *
 * @typedef {import('../logging/router').LogRouter} LogRouter
 */

const { clearTimeout, inAnotherTurn, setTimeout } = require('../host/event-loop');
const { isLogger } = require('../logging/router');

/** How long a view that is being closed waits for its requests and what follows from them, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;

/**
 * @typedef {object} Core what views share
 * @property {boolean} closed whether it rejects new requests
 * @property {() => Promise<void>} close closes it, at the latest after a second. The promise never rejects.
 * @property {() => void} quiet called after `close`, when no request will follow
 */

/**
 * @template C the core
 * @typedef {object} Access
 * @property {() => View<C> | undefined} view the view to use; `undefined` once it is closed
 * @property {() => C} lastCore the present core, or the last one if it is closed
 * @property {() => Promise<void>} close
 */

/**
 * @template {Core} C
 * @template {object} V
 * @param {LogRouter} logs
 * @param {() => C} newCore
 * @param {(access: Access<C>, config: any) => V} newView makes the methods of a view; `config` is the SDK client's
 */
function storeValue(logs, newCore, newView) {
  // Made early: it connects while Node goes on loading modules.
  let shared = new SharedCore(newCore());

  /** @returns {SharedCore<C>} an open one; a new one after a close */
  function openCore() {
    if (shared.ended) shared = new SharedCore(newCore());
    return shared;
  }

  /**
   * For SDKs that call a function.
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
            // Lines until then belong to this client.
            if (logger) ended.then(() => logs.remove(logger));
          }
          return ended;
        },
      },
      config
    );
    if (logger) logs.add(logger);
    else logs.useConsoleLogger();
    owner.clients += 1;
    return methods;
  }

  // For SDK 5, all of whose clients use and close the same object: a close ends this core, and the next call opens
  // a new one.
  const methods = newView(
    {
      view: () => {
        logs.useConsoleLogger();
        return openCore().own;
      },
      lastCore: () => shared.core,
      close: () => shared.close(),
    },
    undefined
  );
  return Object.assign(value, methods);
}

/**
 * A core with its views. It closes with the last view of a client.
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
    /** The view behind the methods of the store value itself. */
    this.own = this.newView();
    /** @type {Promise<void> | undefined} */
    this.ended = undefined;
  }

  /** @returns {View<C>} */
  newView() {
    const view = new View(this.core, () => {
      this.views.delete(view);
      if (this.views.size === 0) this.core.quiet();
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

  /** @returns {Promise<void>} the same each time */
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
 * SDKs write a change as a chain of writes, each from the callback of the one before, and continue the chain
 * after their client is closed. So a view that is being closed stays usable while its requests wait, and in the
 * turn after a write has ended.
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
    /** Requests that wait, including writes that ended in this turn. */
    this.requests = 0;
    this.endedWrites = 0;
    this.closed = false;
    /** @type {Promise<void> | undefined} */
    this.ended = undefined;
  }

  /** Call it for a request that will be answered later. */
  requestStarted() {
    this.requests += 1;
  }

  /** Call it when the request has been answered. */
  requestEnded() {
    this.forget(1);
  }

  /** Call it when a write has been answered. The next write of its chain may begin later in this turn. */
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
   * @param {number} requests how many have ended
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
