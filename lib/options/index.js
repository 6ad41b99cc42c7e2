'use strict';

/**
 * The options of a store: checks the caller's values and converts them to the form that the native store takes.
 * The native store applies the defaults.
 *
 * @typedef {import('../native/options').NativeOptions} NativeOptions
 * @typedef {import('../js-client').CallClient} CallClient
 * @typedef {import('../logging/router').Logger} Logger
 */

const { bare } = require('../host/own');
const { isLogger } = require('../logging/router');
const { HostFunctions } = require('../native/host-functions');
const { fail, isSet, optional, requireFlag, requireObject } = require('./checks');
const { clientOptions } = require('./client');

/**
 * @typedef {object} StoreOptions
 * @property {NativeOptions} native
 * @property {HostFunctions} hostFunctions the functions that the native store may call
 * @property {Logger | undefined} logger the caller's logger
 * @property {((line: string) => void) | undefined} requestLogger takes one line for each request
 * @property {import('../sdk/find').Wrapper | undefined} sdk a class of the SDK that uses the store
 * @property {string[]} warnings warnings to log
 */

/**
 * Options that the native store takes unchanged: their native names and their checks.
 *
 * @type {Record<string, [keyof NativeOptions, import('./checks').Check<any>]>}
 */
const NATIVE_OPTIONS = {
  availabilityTimeout: ['availabilityTimeoutMs', timeout],
  cacheTTL: ['cacheTtlMs', cacheTtl],
  consistentRead: ['consistentRead', requireFlag],
  maxCacheBytes: ['maxCacheBytes', byteCount],
  prefix: ['prefix', anyText],
  preload: ['preload', requireFlag],
  readOnly: ['readOnly', requireFlag],
  readTimeout: ['readTimeoutMs', timeout],
  refill: ['refill', requireFlag],
  staleIfError: ['staleIfErrorMs', duration],
  staleIfSlow: ['staleIfSlowMs', duration],
  staleWhileRevalidate: ['staleWhileRevalidateMs', duration],
  writeTimeout: ['writeTimeoutMs', timeout],
};

/**
 * Options that only the JavaScript side uses.
 *
 * @type {Record<string, import('./checks').Check<any>>}
 */
const OTHER_OPTIONS = {
  clientOptions: (_name, value) => value,
  dynamoDBClient: jsClient,
  logger: requireLogger,
  sdk: sdkWrapper,
};

/**
 * The options that have an effect on something other than a feature store.
 *
 * @typedef {{on: string, names: string[]}} Applicable
 */

/** @type {Applicable} */
const BIG_SEGMENT_OPTIONS = {
  on: 'big segments',
  names: ['clientOptions', 'consistentRead', 'dynamoDBClient', 'logger', 'prefix', 'readTimeout'],
};

/** @type {Applicable} */
const SYNC_OPTIONS = {
  on: 'a sync',
  names: ['clientOptions', 'dynamoDBClient', 'logger', 'prefix', 'writeTimeout'],
};

/**
 * Reads the options of a big segment store.
 *
 * @param {unknown} tableName
 * @param {unknown} options
 * @returns {StoreOptions}
 * @throws {TypeError}
 */
function bigSegmentOptions(tableName, options) {
  return storeOptions(tableName, options, BIG_SEGMENT_OPTIONS);
}

/**
 * Reads those options of a sync that a store has, too.
 *
 * @param {unknown} tableName
 * @param {unknown} options
 * @returns {StoreOptions}
 * @throws {TypeError}
 */
function syncStoreOptions(tableName, options) {
  return storeOptions(tableName, options, SYNC_OPTIONS);
}

/**
 * @param {unknown} tableName
 * @param {unknown} options as the caller passed them; `null` and `undefined` mean the default, here and
 *   for each option
 * @param {Applicable} [applicable] the options that have an effect (default: all)
 * @returns {StoreOptions}
 * @throws {TypeError} for a bad value; it names the option
 */
function storeOptions(tableName, options, applicable) {
  if (typeof tableName !== 'string' || tableName === '') {
    fail('tableName', 'the name of a DynamoDB table', tableName);
  }
  /** @type {string[]} */
  const warnings = [];
  const object = optional('options', options, requireObject) || {};
  const { native, others } = checkedOptions(object, applicable, warnings);
  native.table = tableName;
  native.environment = environment();
  let callClient = others.dynamoDBClient;
  /** @type {import('../native/host-functions').ClientOptions} */
  let clientNative = bare();
  /** @type {StoreOptions['requestLogger']} */
  let requestLogger;
  if (callClient === undefined) {
    const client = clientOptions(others.clientOptions, warnings);
    clientNative = client.native;
    requestLogger = client.requestLogger;
    if (native.consistentRead === undefined) native.consistentRead = client.consistentRead;
    callClient = optional('clientOptions.service', client.service, jsClient);
  } else if (others.clientOptions !== undefined) {
    warnings.push('clientOptions: no effect with dynamoDBClient, which has its own');
  }
  const hostFunctions = new HostFunctions(callClient);
  native.client = hostFunctions.withoutFunctions(clientNative);
  native.usesJsClient = callClient !== undefined;
  turnOffIneffective(native, warnings);
  const { logger, sdk } = others;
  return { native, hostFunctions, logger, requestLogger, sdk, warnings };
}

/**
 * @param {Record<string, unknown>} options
 * @param {Applicable | undefined} applicable
 * @param {string[]} warnings
 * @returns {{native: NativeOptions, others: Record<string, any>}}
 */
function checkedOptions(options, applicable, warnings) {
  const has = (/** @type {object} */ table, /** @type {string} */ name) =>
    Object.prototype.hasOwnProperty.call(table, name);
  const native = bare();
  const others = bare();
  for (const name of Object.keys(options)) {
    const value = options[name];
    if (!isSet(value)) continue;
    if (!has(NATIVE_OPTIONS, name) && !has(OTHER_OPTIONS, name)) {
      warnings.push(`the option ${name} is unknown and is ignored`);
    } else if (applicable && !applicable.names.includes(name)) {
      warnings.push(`the option ${name} has no effect on ${applicable.on} and is ignored`);
    } else if (has(OTHER_OPTIONS, name)) {
      others[name] = OTHER_OPTIONS[name](name, value);
    } else {
      const [nativeName, check] = NATIVE_OPTIONS[name];
      native[nativeName] = check(name, value);
      if (name === 'cacheTTL' && native.cacheTtlMs < 0) {
        warnings.push(`${name} is negative (${value}); nothing is cached, as with 0`);
        native.cacheTtlMs = 0;
      }
    }
  }
  return { native: /** @type {any} */ (native), others };
}

/**
 * Copies `process.env`. In a worker or a test runner's sandbox it may differ from the process's environment,
 * which native threads can't read safely while JavaScript changes it.
 *
 * @returns {Record<string, string>}
 */
function environment() {
  const variables = bare();
  const isWindows = process.platform === 'win32';
  for (const [name, value] of Object.entries(process.env || {})) {
    variables[isWindows ? name.toUpperCase() : name] = String(value);
  }
  return variables;
}

/**
 * Warns of options that have no effect in combination with others, and turns them off.
 *
 * @param {NativeOptions} native
 * @param {string[]} warnings
 */
function turnOffIneffective(native, warnings) {
  if (native.readOnly && native.refill) {
    warnings.push('refill: no effect with readOnly, which turns writing off');
    native.refill = false;
  }
  if (native.cacheTtlMs !== 0) return;
  const ineffective = [
    native.preload && 'preload',
    native.staleIfErrorMs && 'staleIfError',
    native.staleWhileRevalidateMs && 'staleWhileRevalidate',
  ].filter(Boolean);
  native.preload = false;
  if (ineffective.length > 0) {
    warnings.push(`${ineffective.join(', ')}: no effect with cacheTTL 0, which turns caching off`);
  }
}

/**
 * @param {string} name
 * @param {unknown} client
 * @returns {CallClient}
 */
function jsClient(name, client) {
  // Loaded on demand because few applications pass a client.
  return require('../js-client').clientCaller(name, client);
}

/** @type {import('./checks').Check<Logger>} */
function requireLogger(name, value) {
  if (!isLogger(value)) fail(name, 'a logger with the methods error and warn', value);
  return value;
}

/** @type {import('./checks').Check<import('../sdk/find').Wrapper>} */
function sdkWrapper(name, value) {
  // Loaded on demand because few applications set it.
  const { SDK, wrapperOf } = require('../sdk/find');
  return wrapperOf(value) || fail(name, `the module ${SDK}, version 8 or 9`, value);
}

/** @type {import('./checks').Check<string>} */
function anyText(name, value) {
  if (typeof value !== 'string') fail(name, 'a string', value);
  return value;
}

/** @type {import('./checks').Check<number>} */
function byteCount(name, value) {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) {
    fail(name, 'a number of bytes above 0', value);
  }
  return value;
}

/**
 * @param {string} name
 * @param {unknown} seconds
 * @returns {number} milliseconds, which may be negative
 */
function cacheTtl(name, seconds) {
  if (typeof seconds !== 'number' || Number.isNaN(seconds)) {
    fail(name, 'a number of seconds (0 for no caching)', seconds);
  }
  return seconds * 1000;
}

/**
 * @param {string} name
 * @param {unknown} seconds
 * @returns {number} milliseconds
 */
function duration(name, seconds) {
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

module.exports = { bigSegmentOptions, storeOptions, syncStoreOptions, timeout };
