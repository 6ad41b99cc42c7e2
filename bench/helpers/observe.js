'use strict';

const { mainThreadTime, now } = require('./clock');

/** Several ticks, so that the sampler is running before the call. */
const LEAD_MS = 20;

/**
 * The cost of a call for its process.
 *
 * @typedef {object} Cost
 * @property {number} wall milliseconds until the callback
 * @property {number} main milliseconds of the main thread's time
 * @property {number} stall the longest stall of the event loop, in milliseconds
 */

/**
 * @param {(callback: (value?: any) => void) => void} call
 * @returns {Promise<Cost>}
 */
async function observe(call) {
  const stallEnds = watchStalls();
  await new Promise((resolve) => setTimeout(resolve, LEAD_MS));
  const started = { wall: now(), main: mainThreadTime() };
  await new Promise((resolve) => call(resolve));
  const wall = now() - started.wall;
  const main = mainThreadTime() - started.main;
  // Work that follows the callback may still block the event loop.
  await new Promise((resolve) => setTimeout(resolve, LEAD_MS));
  const stall = stallEnds();
  return { wall, main, stall };
}

/**
 * Measures the time between the ticks of a 1 ms timer. A stall that begins in the call itself also lies between
 * two ticks.
 *
 * @returns {() => number} ends the measurement and returns the longest time
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

module.exports = { observe };
