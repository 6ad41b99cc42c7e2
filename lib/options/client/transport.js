'use strict';

/**
 * Connections: time-outs, proxies and agent settings.
 *
 * @typedef {import('../../native/options').NativeClientOptions} NativeClientOptions
 */

const { bare, own } = require('../../host/own');
const {
  fail,
  isSet,
  optional,
  requireFlag,
  requireMilliseconds,
  requireObject,
  requireOneOf,
} = require('../checks');
const { WAY_OUT } = require('./names');

/** The AWS SDKs' names for the time-outs of connecting and of one attempt. */
const CONNECT_NAMES = ['connectTimeout', 'connectionTimeout'];
const ATTEMPT_NAMES = ['timeout', 'requestTimeout', 'socketTimeout'];
const AGENT_NAMES = ['agent', 'httpAgent', 'httpsAgent'];
/** Members of `httpOptions` and request handlers that are ignored without a warning. */
const QUIET = [
  'logger',
  'metadata',
  'socketAcquisitionWarningTimeout',
  'throwOnRequestTimeout',
  'xhrAsync',
  'xhrWithCredentials',
];
/** Version 3's connection time-outs by `defaultsMode`, in milliseconds. */
const CONNECT_PRESETS = {
  auto: 3100,
  'cross-region': 3100,
  'in-region': 1100,
  legacy: undefined,
  mobile: 30000,
  standard: 3100,
};
const defaultsMode = requireOneOf(Object.keys(CONNECT_PRESETS));

/**
 * @param {Record<string, any>} options
 * @param {string[]} warnings
 * @returns {NativeClientOptions}
 */
function transportOptions(options, warnings) {
  /** @type {<T>(name: string, check: (name: string, value: unknown) => T) => T | undefined} */
  const read = (name, check) => optional(`clientOptions.${name}`, options[name], check);
  const mode = /** @type {keyof CONNECT_PRESETS | undefined} */ (
    read('defaultsMode', defaultsMode)
  );
  const http = members('httpOptions', read('httpOptions', requireObject), warnings);
  const handler = handlerMembers(read('requestHandler', requireObject), warnings);
  return {
    ...(mode && CONNECT_PRESETS[mode] ? { connectTimeoutMs: CONNECT_PRESETS[mode] } : {}),
    proxyFromEnvironment: read('proxyFromEnvironment', requireFlag),
    ...http,
    ...handler,
  };
}

/**
 * @param {Record<string, any> | undefined} handler a request handler or its options
 * @param {string[]} warnings
 * @returns {NativeClientOptions}
 */
function handlerMembers(handler, warnings) {
  if (!handler || typeof own(handler, 'handle') !== 'function') {
    return members('requestHandler', handler, warnings);
  }
  if (typeof own(handler, 'httpHandlerConfigs') !== 'function') {
    warnings.push(
      `clientOptions.requestHandler is a handler of its own kind and is ignored; ${WAY_OUT}`
    );
    return {};
  }
  return members('requestHandler', handler.httpHandlerConfigs() || {}, []);
}

/**
 * @param {'httpOptions' | 'requestHandler'} name
 * @param {Record<string, any> | undefined} options
 * @param {string[]} warnings
 * @returns {NativeClientOptions}
 */
function members(name, options, warnings) {
  /** @type {NativeClientOptions} */
  const read = bare();
  for (const member of Object.keys(options || {})) {
    const path = `clientOptions.${name}.${member}`;
    const value = /** @type {Record<string, any>} */ (options)[member];
    if (!isSet(value)) continue;
    if (CONNECT_NAMES.includes(member)) {
      shorten(read, 'connectTimeoutMs', requireMilliseconds(path, value));
    } else if (ATTEMPT_NAMES.includes(member)) {
      shorten(read, 'attemptTimeoutMs', requireMilliseconds(path, value));
    } else if (AGENT_NAMES.includes(member)) {
      if (typeof value !== 'object') fail(path, 'an agent', value);
      const { proxy } = read;
      const { agentOptions } = require('./agents');
      Object.assign(read, agentOptions(path, value, warnings), proxy ? { proxy } : {});
    } else if (member === 'proxy') {
      if (value !== '') read.proxy = require('./proxies').proxyUrl(path, value);
    } else if (!QUIET.includes(member)) {
      warnings.push(`${path} is not supported and is ignored; ${WAY_OUT}`);
    }
  }
  return read;
}

/**
 * Keeps the shorter of two time-outs. In both SDKs, 0 means no time-out.
 *
 * @param {NativeClientOptions} read
 * @param {'connectTimeoutMs' | 'attemptTimeoutMs'} name
 * @param {number} ms
 */
function shorten(read, name, ms) {
  const known = read[name];
  if (ms > 0) read[name] = known === undefined ? ms : Math.min(known, ms);
}

module.exports = { transportOptions };
