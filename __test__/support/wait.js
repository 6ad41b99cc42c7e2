'use strict';

/**
 * Functions that wait for asynchronous results. The time limits only guard against hanging.
 */

const assert = require('node:assert');
const { isDeepStrictEqual } = require('node:util');

const GUARD_MS = 300_000;

/** Options of stores for which the engine is always fast enough, even on a busy machine. */
const PATIENT = { readTimeout: 60, writeTimeout: 60 };
/** Options of stores that give up soon, in seconds. */
const IMPATIENT = { readTimeout: 1, writeTimeout: 1 };
/** Options of stores whose reads first give up and later succeed. */
const BRIEF = { readTimeout: 3 };
/** Options of stores that don't give up before the guard, so that something else must end the wait. */
const ENDLESS = { readTimeout: 600, writeTimeout: 600, staleIfSlow: 600 };

/**
 * @param {() => any} condition called repeatedly until it returns a truthy value; may be async
 * @param {string} what what the condition means, for the failure message
 * @returns {Promise<any>} the condition's value
 */
async function waitFor(condition, what) {
  const started = Date.now();
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() - started > GUARD_MS) throw new Error(`waited in vain: ${what}`);
    await pause();
  }
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

/**
 * Waits until a state has the expected value, such as rows that are still being written.
 *
 * @param {() => any} read returns the current state; may be async
 * @param {any} expected
 * @returns {Promise<void>} rejects with the difference
 */
async function becomes(read, expected) {
  const started = Date.now();
  for (;;) {
    const actual = await read();
    if (isDeepStrictEqual(actual, expected)) return;
    if (Date.now() - started > GUARD_MS) assert.deepStrictEqual(actual, expected);
    await pause();
  }
}

/**
 * Waits until this many seconds have passed on the wall clock.
 *
 * @param {number} seconds
 */
async function letPass(seconds) {
  const end = Date.now() + seconds * 1000;
  await waitFor(() => Date.now() > end, `${seconds} s to pass`);
}

/**
 * Makes a gate that is closed until the test opens it.
 *
 * @returns {{opened: Promise<void>, open: () => void}}
 */
function gate() {
  let open;
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/**
 * Calls a function that takes a callback.
 *
 * @param {string} what the name of the call, for the failure message
 * @param {(callback: (...values: any[]) => void) => void} start
 * @returns {Promise<any[]>} the callback's arguments. A second call of the callback is an uncaught
 *   exception, which fails the test.
 */
function answered(what, start) {
  return new Promise((resolve, reject) => {
    let count = 0;
    const guard = setTimeout(() => reject(new Error(`${what}: no callback`)), GUARD_MS);
    start((...values) => {
      count += 1;
      if (count > 1) throw new Error(`${what}: callback number ${count}`);
      clearTimeout(guard);
      resolve(values);
    });
  });
}

/**
 * Returns a store's methods as functions that return promises.
 *
 * @param {any} store
 */
function promised(store) {
  const method =
    (name) =>
    (...args) =>
      answered(name, (callback) => store[name](...args, callback)).then(([value]) => value);
  return {
    get: method('get'),
    all: method('all'),
    init: method('init'),
    upsert: method('upsert'),
    delete: method('delete'),
    initialized: method('initialized'),
    isStoreAvailable: method('isStoreAvailable'),
    stats: () => store.stats(),
    close: () => store.close(),
  };
}

module.exports = {
  BRIEF,
  ENDLESS,
  IMPATIENT,
  PATIENT,
  answered,
  becomes,
  gate,
  letPass,
  promised,
  waitFor,
};
