'use strict';

/**
 * Routes log lines: to the `logger` option, else to the logger of the SDK client that uses the store, else to
 * the console in the SDKs' format. Each line begins with the names of the store, the code, the table and its place.
 *
 * @typedef {import('../..').LogCode} LogCode
 * @typedef {'error' | 'warn'} Level
 * @typedef {(line: string) => void} RequestLogger takes one line for each request
 * @typedef {{error(line: string): void, warn(line: string): void}} Logger
 */

const { printable } = require('../native/addon');
const { own } = require('../host/own');
const { codeOf, describeFailure } = require('./redaction');

/** How many lines are kept until the logger is known. The oldest lines are dropped first. */
const MAX_PENDING_LINES = 100;

/** @type {Logger} */
const consoleLogger = {
  error: (line) => console.error(`error: [LaunchDarkly] ${line}`),
  warn: (line) => console.error(`warn: [LaunchDarkly] ${line}`),
};

/**
 * The log lines of one store value. Keeps lines until the logger is known.
 */
class LogRouter {
  /**
   * @param {string} name of the store
   * @param {string} table
   * @param {Logger | undefined} logger the `logger` option
   * @param {RequestLogger | undefined} [requestLogger] takes one line for each request
   */
  constructor(name, table, logger, requestLogger) {
    this.name = name;
    this.table = table;
    /** Where the table is, as the native store describes it: a region and an endpoint, as far as they are known. */
    this.location = '';
    /** @type {Logger[]} the loggers of the open views, the oldest first */
    this.viewLoggers = [];
    this.logger = logger;
    this.requestLogger = requestLogger;
    this.useConsole = false;
    /**
     * The logger of the view that closed last.
     *
     * @type {Logger | undefined}
     */
    this.lastLogger = undefined;
    /** @type {[Level, LogCode, string][]} */
    this.pending = [];
  }

  /**
   * @param {LogCode} code
   * @param {string} text
   * @returns {string} the text as a line, or as the message of an error
   */
  line(code, text) {
    const table = JSON.stringify(this.table);
    return printable(`${this.name} [${code}] table ${table}${this.location}: ${text}`);
  }

  /**
   * @param {import('../..').ErrorCode} code
   * @param {string} text
   * @returns {Error}
   */
  error(code, text) {
    return Object.assign(new Error(this.line(code, text)), { code });
  }

  /**
   * Logs an error that was thrown. Like all logging methods, never throws.
   *
   * @param {string} what the operation that failed
   * @param {unknown} thrown
   * @returns {Error} an error with the logged line as its message
   */
  defect(what, thrown) {
    const code = codeOf(thrown);
    const text = `${what}: ${describeFailure(thrown)}`;
    this.log('error', code, text);
    return this.error(code, text);
  }

  /**
   * Logs one line. A logger that throws or rejects does not affect the store.
   *
   * @param {Level | 'request'} level
   * @param {LogCode} code
   * @param {string} text
   */
  log(level, code, text) {
    if (level === 'request') {
      this.logRequest(this.line(code, text));
      return;
    }
    const viewLogger = this.viewLoggers[0] || this.lastLogger;
    const logger = this.logger || viewLogger || (this.useConsole && consoleLogger);
    if (!logger) {
      // The place of the table may be known when the logger is.
      this.pending.push([level, code, printable(text)]);
      if (this.pending.length > MAX_PENDING_LINES) this.pending.shift();
      return;
    }
    const line = this.line(code, text);
    call(
      () => logger[level](line),
      () => call(() => consoleLogger[level](line))
    );
  }

  /**
   * @param {string} line
   */
  logRequest(line) {
    const { requestLogger } = this;
    if (requestLogger) call(() => requestLogger(line));
  }

  /** Call it when a store is used without a logger. */
  useConsoleLogger() {
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
    for (const [level, code, text] of this.pending.splice(0)) this.log(level, code, text);
  }
}

/**
 * Calls a logger, which may throw or return a promise that rejects. Unhandled, a rejection would end the
 * process.
 *
 * @param {() => any} log
 * @param {() => void} [otherwise] called if the logger fails
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

module.exports = { LogRouter, consoleLogger, isLogger };
