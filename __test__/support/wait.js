'use strict';

/**
 * Waiting for what a test has started. The times here only guard against hanging for ever.
 */

const assert = require('node:assert');
const { isDeepStrictEqual } = require('node:util');

const GUARD_MS = 300_000;

/** Options of stores for which the engine is fast enough, however busy the machine is. */
const PATIENT = { readTimeout: 60, writeTimeout: 60 };
/** Options of stores that are to give up, in seconds. */
const IMPATIENT = { readTimeout: 1, writeTimeout: 1 };
/** Options of stores whose reads are to give up, and later to succeed. */
const BRIEF = { readTimeout: 3 };
/** Options of stores that don't give up within the guard, so that something else has to end a wait. */
const ENDLESS = { readTimeout: 600, writeTimeout: 600, staleIfSlow: 600 };

/**
 * @param {() => any} condition called again and again until it is truthy; may be async
 * @param {string} what it says, for the failure
 * @returns {Promise<any>} what the condition gave
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
 * Waits until a state is as it has to be, such as the rows of a table that is still being written.
 *
 * @param {() => any} read gives the state as it is; may be async
 * @param {any} expected
 * @returns {Promise<void>} fails with the difference
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
 * Lets so many seconds go by on the wall clock, such as what is read goes by.
 *
 * @param {number} seconds
 */
async function letPass(seconds) {
  const end = Date.now() + seconds * 1000;
  await waitFor(() => Date.now() > end, `${seconds} s to pass`);
}

/**
 * A gate that is closed until the test opens it.
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
 * @param {string} what is called, for the failure
 * @param {(callback: (...values: any[]) => void) => void} start
 * @returns {Promise<any[]>} what the callback got. A second call of the callback is an uncaught
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
 * A store's methods as functions that return promises.
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
