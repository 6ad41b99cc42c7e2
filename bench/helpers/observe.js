'use strict';

const { callStub } = require('../stub/client');
const { mainThreadTime, now } = require('./clock');

/** Several ticks, so that the sampler has begun. */
const LEAD_MS = 20;

/**
 * What a call costs its process and the table.
 *
 * @typedef {object} Cost
 * @property {number} wall in milliseconds, until the callback
 * @property {number} main milliseconds of the main thread
 * @property {number} stall milliseconds for which the event loop stood still the longest
 * @property {Record<string, number>} requests by operation
 * @property {number} rowsWritten
 */

/**
 * @param {string} endpoint
 * @param {(callback: (value?: any) => void) => void} call
 * @returns {Promise<Cost>}
 */
async function observe(endpoint, call) {
  await callStub(endpoint, 'reset');
  const stallEnds = watchStalls();
  await new Promise((resolve) => setTimeout(resolve, LEAD_MS));
  const started = { wall: now(), main: mainThreadTime() };
  await new Promise((resolve) => call(resolve));
  const wall = now() - started.wall;
  const main = mainThreadTime() - started.main;
  // What the call has left to do may hold up the event loop yet.
  await new Promise((resolve) => setTimeout(resolve, LEAD_MS));
  const stall = stallEnds();
  const { requests, rowsWritten } = await callStub(endpoint, 'counts');
  return { wall, main, stall, requests, rowsWritten };
}

/**
 * Measures the time between ticks of a timer that wants to tick every millisecond. A stall that begins
 * in the call itself lies between two ticks like any other.
 *
 * @returns {() => number} ends it; returns the longest time
 */
function watchStalls() {
  let longest = 0;
  let last = now();
  const timer = setInterval(() => {
    const tick = now();
    longest = Math.max(longest, tick - last);
    last = tick;
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

/**
 * @param {Record<string, number>} requests
 * @returns {number}
 */
function total(requests) {
  return Object.values(requests).reduce((sum, count) => sum + count, 0);
}

module.exports = { observe, total };
