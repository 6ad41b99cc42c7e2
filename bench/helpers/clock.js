'use strict';

const { readFileSync } = require('node:fs');
const { performance } = require('node:perf_hooks');

/**
 * @returns {number} milliseconds since some moment
 */
function now() {
  return performance.now();
}

/** Linux counts the CPU time of the thread that JavaScript runs on. */
const MAIN_THREAD = `/proc/self/task/${process.pid}/schedstat`;
const COUNTS_MAIN_THREAD = (() => {
  try {
    readFileSync(MAIN_THREAD);
    return true;
  } catch {
    return false;
  }
})();

/**
 * @returns {number} milliseconds that the main thread has been busy: its CPU time or, where the system
 *   does not tell it, the time that its event loop was not idle
 */
function mainThreadTime() {
  if (!COUNTS_MAIN_THREAD) return performance.eventLoopUtilization().active;
  return Number(readFileSync(MAIN_THREAD, 'latin1').split(' ', 1)[0]) / 1e6;
}

/**
 * @returns {number} milliseconds of CPU time of all threads of this process
 */
function processTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** How `mainThreadTime` is measured here. */
const MAIN_THREAD_SOURCE = COUNTS_MAIN_THREAD ? 'CPU time' : 'time that the event loop was active';

module.exports = { MAIN_THREAD_SOURCE, mainThreadTime, now, processTime };
