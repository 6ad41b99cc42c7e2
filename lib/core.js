'use strict';

/**
 * One table, prefix and client: the native store and the parsed items of this thread. All views of a
 * store value share one core.
 */

const { NativeStore } = require('../binding');
const { ItemCache } = require('./item-cache');

/**
 * @typedef {import('../binding').NativeOptions} NativeOptions
 * @typedef {import('../binding').NativeAnswer} NativeAnswer
 * @typedef {import('../binding').NativeItems} NativeItems
 * @typedef {import('../binding').NativeLine} NativeLine
 * @typedef {import('./logger').LogRouter} LogRouter
 */

class Core {
  /**
   * @param {NativeOptions} options
   * @param {LogRouter} logs
   */
  constructor(options, logs) {
    this.logs = logs;
    this.items = new ItemCache();
    this.closed = false;
    this.native = nativeStore(options, logs);
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {(item: any) => void} callback gets `null` for what is unknown or can't be read
   */
  get(namespace, key, callback) {
    const held = this.items.item(namespace, key);
    if (held !== undefined) {
      callback(held);
      return;
    }
    const begun = this.items.begin();
    this.whenSettled(
      () => this.native.get(namespace, key),
      (answer) => {
        const item = parse(answer);
        if (item !== null) {
          this.items.keepItem(begun, namespace, key, item, answer.freshUntil);
        }
        return item;
      },
      null,
      callback
    );
  }

  /**
   * @param {string} namespace
   * @param {(items: any) => void} callback gets `null` when the items can't be read
   */
  all(namespace, callback) {
    const held = this.items.all(namespace);
    if (held !== undefined) {
      callback(held);
      return;
    }
    const begun = this.items.begin();
    this.whenSettled(
      () => this.native.all(namespace),
      (answer) => {
        const items = parse(answer);
        this.items.keepAll(begun, namespace, items, answer.freshUntil);
        return items;
      },
      null,
      callback
    );
  }

  /**
   * @param {NativeItems[]} data
   * @param {() => void} callback
   */
  init(data, callback) {
    const done = () => this.items.forgetAll();
    this.whenSettled(() => this.native.init(data), done, undefined, callback, done);
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {string} json
   * @param {() => void} callback
   */
  upsert(namespace, key, json, callback) {
    const done = () => this.items.forget(namespace, key);
    this.whenSettled(() => this.native.upsert(namespace, json), done, undefined, callback, done);
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {number} version
   * @param {() => void} callback
   */
  delete(namespace, key, version, callback) {
    const done = () => this.items.forget(namespace, key);
    this.whenSettled(
      () => this.native.delete(namespace, key, version),
      done,
      undefined,
      callback,
      done
    );
  }

  /**
   * @param {(initialized: boolean) => void} callback
   */
  initialized(callback) {
    this.whenSettled(
      () => this.native.initialized(),
      (answer) => answer,
      false,
      callback
    );
  }

  /** Lets go of what is held. */
  close() {
    this.closed = true;
    this.items.forgetAll();
  }

  /**
   * Calls back once, when all lines about it are logged, outside the promise chain: an exception of
   * the callback is its own, and surfaces as an uncaught one. The native store has logged a failure
   * already.
   *
   * @template T, R
   * @param {() => Promise<T>} start
   * @param {(value: T) => R} convert
   * @param {R} otherwise what a failure is answered with
   * @param {(value: R) => void} callback
   * @param {() => void} [failed]
   */
  whenSettled(start, convert, otherwise, callback, failed) {
    started(start)
      .then(convert)
      .then(
        (value) => {
          logLines(this.logs, this.native.takeLines());
          process.nextTick(callback, value);
        },
        (failure) => {
          logLines(this.logs, this.native.takeLines());
          if (failed) failed();
          if (!(failure instanceof Error) || !isLogged(failure)) {
            this.logs.log('error', `DynamoDBFeatureStore: ${failure}`);
          }
          process.nextTick(callback, otherwise);
        }
      );
  }
}

/**
 * A native store. What it is given must not refer to it, or to its core: both would never be
 * collected.
 *
 * @param {NativeOptions} options
 * @param {LogRouter} logs
 * @returns {NativeStore}
 */
function nativeStore(options, logs) {
  return new NativeStore(
    options,
    (lines) => logLines(logs, lines),
    () => require('tls').rootCertificates.join('\n')
  );
}

/**
 * @param {LogRouter} logs
 * @param {NativeLine[]} lines
 */
function logLines(logs, lines) {
  for (const { level, text } of lines) {
    logs.log(/** @type {import('./logger').Level} */ (level), text);
  }
}

/**
 * @template T
 * @param {() => Promise<T>} start
 * @returns {Promise<T>} rejected where `start` throws
 */
function started(start) {
  try {
    return start();
  } catch (failure) {
    return Promise.reject(failure);
  }
}

/**
 * @param {NativeAnswer} answer
 * @returns {any}
 */
function parse(answer) {
  return typeof answer.json === 'string' ? JSON.parse(answer.json) : null;
}

/**
 * Whether the native store made this failure: those carry codes of its own, and are logged there.
 *
 * @param {Error & {code?: unknown}} failure
 */
function isLogged(failure) {
  return typeof failure.code === 'string' && /^[A-Z_]+$/.test(failure.code);
}

module.exports = { Core };
