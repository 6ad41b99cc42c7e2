'use strict';

const { readFileSync } = require('node:fs');
const { performance } = require('node:perf_hooks');

/**
 * @returns {number} milliseconds since an arbitrary time
 */
function now() {
  return performance.now();
}

/** The file in which Linux counts the CPU time of the thread that runs JavaScript. */
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
 * @returns {number} milliseconds for which the main thread was busy: its CPU time or, if the
 *   system does not report it, the active time of its event loop
 */
function mainThreadTime() {
  if (!COUNTS_MAIN_THREAD) return performance.eventLoopUtilization().active;
  return Number(readFileSync(MAIN_THREAD, 'latin1').split(' ', 1)[0]) / 1e6;
}

/**
 * @returns {number} CPU time of all threads of this process, in milliseconds
 */
function processTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** The source of `mainThreadTime` on this machine. */
const MAIN_THREAD_SOURCE = COUNTS_MAIN_THREAD ? 'CPU time' : 'time that the event loop was active';

module.exports = { MAIN_THREAD_SOURCE, mainThreadTime, now, processTime };
