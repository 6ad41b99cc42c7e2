'use strict';

/**
 * The options of a store: checks what the caller gives, and brings it into the one form that the
 * native store takes. Defaults are the native store's.
 *
 * @typedef {import('../../binding').NativeOptions} NativeOptions
 * @typedef {import('../js-client').CallClient} CallClient
 * @typedef {import('../logging/router').Logger} Logger
 */

const { clientOptions } = require('./client');
const { isLogger } = require('../logging/router');
const { bare } = require('../host/own');
const { HostFunctions } = require('../native/host-functions');
const { fail, isGiven, optional, requireObject } = require('./checks');

/**
 * @typedef {object} StoreOptions
 * @property {NativeOptions} native what the native store takes
 * @property {HostFunctions} hostFunctions what the native store asks
 * @property {Logger | undefined} logger the caller's logger
 * @property {((line: string) => void) | undefined} requestLogger takes a line for each call
 * @property {import('../sdk/find').Wrapper | undefined} sdk a class of the SDK that will call
 * @property {string[]} warnings lines to log about what was given
 */

/** The options that a big segment store has, too. */
const OF_BIG_SEGMENTS = [
  'clientOptions',
  'consistentRead',
  'dynamoDBClient',
  'logger',
  'prefix',
  'readTimeout',
];

/**
 * The options of a big segment store, likewise.
 *
 * @param {unknown} tableName
 * @param {unknown} given
 * @returns {StoreOptions}
 * @throws {TypeError}
 */
function bigSegmentOptions(tableName, given) {
  return storeOptions(tableName, given, OF_BIG_SEGMENTS);
}

/**
 * @param {unknown} tableName
 * @param {unknown} given the caller's options; `null` and `undefined` mean "not given", here and for
 *   each option
 * @param {string[]} [applicable] the options that have an effect; by default all
 * @returns {StoreOptions}
 * @throws {TypeError} for a bad value; it names the option
 */
function storeOptions(tableName, given, applicable) {
  if (typeof tableName !== 'string' || tableName === '') {
    fail('tableName', 'the name of a DynamoDB table', tableName);
  }
  const options = optional('options', given, requireObject) || {};
  /** @type {string[]} */
  const warnings = [];

  /** @type {Record<string, (name: string, value: any) => void>} */
  const known = {
    availabilityTimeout: (name, value) => {
      native.availabilityTimeoutMs = timeout(name, value);
    },
    cacheTTL: (name, value) => {
      native.cacheTtlMs = cacheTtl(name, value, warnings);
    },
    clientOptions: (_name, value) => {
      givenClientOptions = value;
    },
    consistentRead: (name, value) => {
      native.consistentRead = flag(name, value);
    },
    dynamoDBClient: (name, value) => {
      // Few have one; the others need not load this.
      callClient = require('../js-client').clientCaller(name, value);
    },
    logger: (name, value) => {
      if (!isLogger(value)) fail(name, 'a logger with the methods error and warn', value);
      logger = value;
    },
    maxCacheBytes: (name, value) => {
      if (!Number.isSafeInteger(value) || value <= 0)
        fail(name, 'a number of bytes above 0', value);
      native.maxCacheBytes = value;
    },
    preload: (name, value) => {
      native.preload = flag(name, value);
    },
    prefix: (name, value) => {
      if (typeof value !== 'string') fail(name, 'a string', value);
      native.prefix = value;
    },
    readOnly: (name, value) => {
      native.readOnly = flag(name, value);
    },
    readTimeout: (name, value) => {
      native.readTimeoutMs = timeout(name, value);
    },
    refill: (name, value) => {
      native.refill = flag(name, value);
    },
    sdk: (name, value) => {
      // Few need it.
      const { SDK, wrapperOf } = require('../sdk/find');
      sdk = wrapperOf(value);
      if (!sdk) fail(name, `the module ${SDK}, version 8 or 9`, value);
    },
    staleIfError: (name, value) => {
      native.staleIfErrorMs = span(name, value);
    },
    staleIfSlow: (name, value) => {
      native.staleIfSlowMs = span(name, value);
    },
    staleWhileRevalidate: (name, value) => {
      native.staleWhileRevalidateMs = span(name, value);
    },
    writeTimeout: (name, value) => {
      native.writeTimeoutMs = timeout(name, value);
    },
  };

  /** @type {NativeOptions} */
  const native = /** @type {any} */ (bare({ table: tableName, environment: environment() }));
  /** @type {Logger | undefined} */
  let logger;
  /** @type {CallClient | undefined} */
  let callClient;
  /** @type {StoreOptions['sdk']} */
  let sdk;
  /** @type {unknown} */
  let givenClientOptions;
  for (const name of Object.keys(options)) {
    const value = options[name];
    if (!isGiven(value)) continue;
    if (!Object.prototype.hasOwnProperty.call(known, name)) {
      warnings.push(`the option ${name} is unknown and is ignored`);
    } else if (applicable && !applicable.includes(name)) {
      warnings.push(`the option ${name} has no effect on big segments and is ignored`);
    } else {
      known[name](name, value);
    }
  }
  /** @type {((line: string) => void) | undefined} */
  let requestLogger;
  /** @type {import('../native/host-functions').ClientOptions} */
  let read = bare();
  if (callClient === undefined) {
    const client = clientOptions(givenClientOptions, warnings);
    read = client.native;
    if (native.consistentRead === undefined) native.consistentRead = client.consistentRead;
    if (client.service !== undefined) known.dynamoDBClient('clientOptions.service', client.service);
    requestLogger = client.requestLogger;
  } else if (givenClientOptions !== undefined) {
    warnings.push('clientOptions: no effect with dynamoDBClient, which has its own');
  }
  const hostFunctions = new HostFunctions(callClient);
  native.client = hostFunctions.withoutFunctions(read);
  native.asksClient = callClient !== undefined;
  if (native.readOnly && native.refill) {
    warnings.push('refill: no effect with readOnly, which turns writing off');
    native.refill = false;
  }
  if (native.cacheTtlMs === 0) warnOfIdleOptions(native, warnings);
  return { native, hostFunctions, logger, requestLogger, sdk, warnings };
}

/**
 * The environment of this thread, or of the sandbox that a test runner made, may not be the process's. And
 * the process's can't be read by other threads while it changes.
 *
 * @returns {string[]} names and values in turn
 */
function environment() {
  /** @type {string[]} */
  const variables = [];
  const isWindows = process.platform === 'win32';
  for (const [name, value] of Object.entries(process.env || {})) {
    variables.push(isWindows ? name.toUpperCase() : name, String(value));
  }
  return variables;
}

/**
 * Warns of options that have no effect, since nothing is cached.
 *
 * @param {NativeOptions} native
 * @param {string[]} warnings
 */
function warnOfIdleOptions(native, warnings) {
  const idle = [
    native.preload && 'preload',
    native.staleIfErrorMs && 'staleIfError',
    native.staleWhileRevalidateMs && 'staleWhileRevalidate',
  ].filter(Boolean);
  native.preload = false;
  if (idle.length > 0) {
    warnings.push(`${idle.join(', ')}: no effect with cacheTTL 0, which turns caching off`);
  }
}

/**
 * @param {string} name
 * @param {unknown} seconds
 * @param {string[]} warnings
 * @returns {number} milliseconds
 */
function cacheTtl(name, seconds, warnings) {
  if (typeof seconds !== 'number' || Number.isNaN(seconds)) {
    fail(name, 'a number of seconds (0 for no caching)', seconds);
  }
  if (seconds < 0) {
    warnings.push(`${name} is negative (${seconds}); nothing is cached, as with 0`);
    return 0;
  }
  return seconds * 1000;
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {boolean}
 */
function flag(name, value) {
  if (typeof value !== 'boolean') fail(name, 'true or false', value);
  return value;
}

/**
 * @param {string} name
 * @param {unknown} seconds
 * @returns {number} milliseconds
 */
function span(name, seconds) {
  if (typeof seconds !== 'number' || !(seconds >= 0)) {
    fail(name, 'a number of seconds, 0 or more', seconds);
  }
  return seconds * 1000;
}

/**
 * @param {string} name
 * @param {unknown} seconds
 * @returns {number} milliseconds
 */
function timeout(name, seconds) {
  if (typeof seconds !== 'number' || !(seconds > 0)) {
    fail(name, 'a number of seconds above 0', seconds);
  }
  return seconds * 1000;
}

module.exports = { bigSegmentOptions, storeOptions };
