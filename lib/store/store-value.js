'use strict';

/**
 * The value that an application gives to SDK clients: what they share, and the views that they get of it.
 *
 * It is a function, which SDK 6 to 9 call with their configuration or context to get a view, and carries
 * the methods of one, for SDK 5, which takes an object.
 *
 * @typedef {import('../logging/router').LogRouter} LogRouter
 */

const { clearTimeout, inAnotherTurn, setTimeout } = require('../host/event-loop');
const { isLogger } = require('../logging/router');

/** How long a closed view waits for its requests, and for what follows from them, in milliseconds. */
const CLOSING_MS = 1000;

/**
 * @typedef {object} Core what views share
 * @property {boolean} closed whether it takes no more requests
 * @property {() => Promise<void>} close ends it, once `quiet` is called or a second is over. The promise is never
 *   rejected.
 * @property {() => void} quiet to be called after `close`, when no request will follow
 */

/**
 * @template C what is shared
 * @typedef {object} Access
 * @property {() => View<C> | undefined} view what to use; `undefined` once it is closed
 * @property {() => C} lastCore what is or was used
 * @property {() => Promise<void>} close
 */

/**
 * @template {Core} C
 * @template {object} V
 * @param {LogRouter} logs
 * @param {() => C} newCore
 * @param {(access: Access<C>, config: any) => V} newView `config` is what an SDK client called with
 */
function storeValue(logs, newCore, newView) {
  // It gets ready for the first read while Node goes on loading modules.
  let shared = new SharedCore(newCore());

  /** @returns {SharedCore<C>} with an open core; after a close a new one */
  function openCore() {
    if (shared.ended) shared = new SharedCore(newCore());
    return shared;
  }

  /**
   * The form for SDKs that call a function.
   *
   * @param {any} [config] the SDK client's configuration, or its context in SDK 8 and 9
   */
  function value(config) {
    const logger = loggerOf(config);
    const viewed = openCore();
    const { core } = viewed;
    const view = viewed.newView();
    /** @type {Promise<void> | undefined} */
    let ended;
    const methods = newView(
      {
        view: () => (view.closed || core.closed ? undefined : view),
        lastCore: () => core,
        close: () => {
          if (ended === undefined) {
            ended = viewed.closeClient(view);
            // What is logged until then is this client's.
            if (logger) ended.then(() => logs.remove(logger));
          }
          return ended;
        },
      },
      config
    );
    if (logger) logs.add(logger);
    else logs.useConsoleLogger();
    viewed.clients += 1;
    return methods;
  }

  // SDK 5 gives the same object to all of its clients, and each closes it. So a close ends this
  // core, and whoever goes on using the object begins a new one.
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
 * A core, which closes with the last view that a client has of it.
 *
 * @template {Core} C
 */
class SharedCore {
  /**
   * @param {C} core
   */
  constructor(core) {
    this.core = core;
    /** @type {Set<View<C>>} those that are not closed */
    this.views = new Set();
    /** How many of them clients have, which have not closed them. */
    this.clients = 0;
    /** The view of those who use the value as an object. */
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
 * What one user has of a core.
 *
 * SDKs hand over a change as one write after the other, each from the callback of the one before, and go
 * on with that when their client is closed. So a view is usable until nothing that was asked through it
 * waits, and no write has just ended.
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
    /** Requests that wait, and writes that have ended in this turn. */
    this.requests = 0;
    this.justWritten = 0;
    this.closed = false;
    /** @type {Promise<void> | undefined} */
    this.ended = undefined;
  }

  /** To be called for a request that will be answered later. */
  requestStarted() {
    this.requests += 1;
  }

  /** To be called when it has been answered. */
  requestEnded() {
    this.forget(1);
  }

  /** The same for a write. What follows from that may begin later in this turn. */
  writeEnded() {
    this.justWritten += 1;
    if (this.justWritten > 1) return;
    inAnotherTurn(() => {
      const written = this.justWritten;
      this.justWritten = 0;
      this.forget(written);
    });
  }

  /**
   * @param {number} requests how many no longer wait
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
      else this.timer = setTimeout(() => this.end(), CLOSING_MS);
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
