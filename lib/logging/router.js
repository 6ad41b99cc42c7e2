'use strict';

/**
 * Where log lines go: to the `logger` option, else to the logger of the SDK client that uses the
 * store, else to the console in the format of the SDKs.
 *
 * @typedef {'error' | 'warn'} Level
 * @typedef {(line: string) => void} RequestLogger takes a line for each call
 * @typedef {{error(line: string): void, warn(line: string): void}} Logger
 */

const { printable } = require('../native/addon');
const { own } = require('../host/own');
const { describeFailure } = require('./redaction');

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
   * @param {string} [name] what the lines of this class begin with
   */
  constructor(own, requests, name = 'DynamoDBFeatureStore') {
    this.name = name;
    /** @type {Logger[]} the loggers of the open views, the oldest first */
    this.viewLoggers = [];
    this.own = own;
    this.requests = requests;
    this.useConsole = false;
    /**
     * That of the last view, once it is closed.
     *
     * @type {Logger | undefined}
     */
    this.lastLogger = undefined;
    /** @type {[Level, string][]} */
    this.held = [];
  }

  /**
   * Logs what was thrown. Like the other methods that log, it never throws itself.
   *
   * @param {string} what was being done
   * @param {unknown} thrown
   * @returns {string} the line
   */
  defect(what, thrown) {
    const line = printable(`${this.name}: ${what}: ${describeFailure(thrown)}`);
    this.log('error', line);
    return line;
  }

  /**
   * Logs one line, in the form in which lines leave this package. A logger that throws doesn't disturb the
   * store.
   *
   * @param {Level | 'request'} level
   * @param {string} text
   */
  log(level, text) {
    const line = printable(text);
    if (level === 'request') {
      this.logRequest(line);
      return;
    }
    const viewLogger = this.viewLoggers[0] || this.lastLogger;
    const logger = this.own || viewLogger || (this.useConsole && consoleLogger);
    if (!logger) {
      this.held.push([level, line]);
      if (this.held.length > HELD_LINES) this.held.shift();
      return;
    }
    call(
      () => logger[level](line),
      () => call(() => consoleLogger[level](line))
    );
  }

  /**
   * @param {string} line
   */
  logRequest(line) {
    const { requests } = this;
    // A failure is not worth a line of its own.
    if (requests) call(() => requests(line));
  }

  /** Nobody will bring a logger: the console has to do. */
  settleForConsole() {
    this.lastLogger = undefined;
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
    this.lastLogger = logger;
  }

  flush() {
    for (const [level, line] of this.held.splice(0)) this.log(level, line);
  }
}

/**
 * Calls what may throw, or return a promise that is rejected, which would end the process.
 *
 * @param {() => any} log
 * @param {() => void} [otherwise] called when it failed
 */
function call(log, otherwise = () => {}) {
  try {
    const returned = log();
    if (returned && typeof returned.then === 'function') returned.then(undefined, otherwise);
  } catch (_) {
    otherwise();
  }
}

/**
 * @param {any} value
 * @returns {value is Logger}
 */
function isLogger(value) {
  return ['error', 'warn'].every((method) => typeof own(value, method) === 'function');
}

module.exports = { LogRouter, isLogger };
