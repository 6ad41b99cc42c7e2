'use strict';

/**
 * Where log lines go: to the `logger` option, else to the logger of the SDK client that uses the
 * store, else to the console in the format of the SDKs.
 *
 * @typedef {'error' | 'warn'} Level
 * @typedef {(line: string) => void} RequestLogger takes a line for each call
 * @typedef {{error(line: string): void, warn(line: string): void}} Logger
 */

/** How many lines are held for a logger that isn't known yet; the oldest go first. */
const HELD_LINES = 100;

/** @type {Logger} */
const consoleLogger = {
  error: (line) => console.error(`error: [LaunchDarkly] ${line}`),
  warn: (line) => console.error(`warn: [LaunchDarkly] ${line}`),
};

/**
 * The log lines of one store value. Lines that come before it is known where they belong are held.
 */
class LogRouter {
  /**
   * @param {Logger | undefined} own the `logger` option
   * @param {RequestLogger | undefined} [requests] where lines about single calls go
   */
  constructor(own, requests) {
    /** @type {Logger[]} the loggers of the open views, the oldest first */
    this.viewLoggers = [];
    this.own = own;
    this.requests = requests;
    this.useConsole = false;
    /** @type {[Level, string][]} */
    this.held = [];
  }

  /**
   * Logs one line. A logger that throws doesn't disturb the store.
   *
   * @param {Level | 'request'} level
   * @param {string} line
   */
  log(level, line) {
    if (level === 'request') {
      this.logRequest(line);
      return;
    }
    const logger = this.own || this.viewLoggers[0] || (this.useConsole && consoleLogger);
    if (!logger) {
      this.held.push([level, line]);
      if (this.held.length > HELD_LINES) this.held.shift();
      return;
    }
    try {
      logger[level](line);
    } catch (_) {
      consoleLogger[level](line);
    }
  }

  /**
   * @param {string} line
   */
  logRequest(line) {
    try {
      if (this.requests) this.requests(line);
    } catch (_) {
      // It is not worth a line of its own.
    }
  }

  /** Nobody will bring a logger: the console has to do. */
  settleForConsole() {
    if (this.useConsole) return;
    this.useConsole = true;
    this.flush();
  }

  /**
   * @param {Logger} logger an SDK client's logger
   */
  add(logger) {
    this.viewLoggers.push(logger);
    this.flush();
  }

  /**
   * @param {Logger} logger
   */
  remove(logger) {
    const index = this.viewLoggers.indexOf(logger);
    if (index >= 0) this.viewLoggers.splice(index, 1);
    this.useConsole = true;
  }

  flush() {
    for (const [level, line] of this.held.splice(0)) this.log(level, line);
  }
}

/**
 * @param {any} value
 * @returns {value is Logger}
 */
function isLogger(value) {
  return Boolean(value) && typeof value.error === 'function' && typeof value.warn === 'function';
}

module.exports = { LogRouter, isLogger };
