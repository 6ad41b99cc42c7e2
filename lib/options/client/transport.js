'use strict';

/**
 * How connections are made: time-outs, proxies, and what agents say about them.
 *
 * @typedef {import('../../../binding').NativeClientOptions} NativeClientOptions
 */

const { bare, own } = require('../../host/own');
const { fail, optional, requireObject } = require('../checks');
const { requireFlag, requireMilliseconds, requireOneOf } = require('../checks');
const { WAY_OUT } = require('./names');

/** The time-outs for making a connection and for an attempt, by their names in the AWS SDKs. */
const CONNECT_NAMES = ['connectTimeout', 'connectionTimeout'];
const ATTEMPT_NAMES = ['timeout', 'requestTimeout', 'socketTimeout'];
const AGENT_NAMES = ['agent', 'httpAgent', 'httpsAgent'];
/** What `httpOptions` and a request handler may have besides, and has no meaning here. */
const QUIET = [
  'logger',
  'metadata',
  'socketAcquisitionWarningTimeout',
  'throwOnRequestTimeout',
  'xhrAsync',
  'xhrWithCredentials',
];
/** How long version 3 lets a connection take to be made, by its presets. */
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
 * @param {Record<string, any> | undefined} handler options of one, or a handler
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
 * @param {Record<string, any> | undefined} given
 * @param {string[]} warnings
 * @returns {NativeClientOptions}
 */
function members(name, given, warnings) {
  /** @type {NativeClientOptions} */
  const found = bare();
  for (const member of Object.keys(given || {})) {
    const path = `clientOptions.${name}.${member}`;
    const value = /** @type {Record<string, any>} */ (given)[member];
    if (value === undefined || value === null) continue;
    if (CONNECT_NAMES.includes(member)) {
      shorten(found, 'connectTimeoutMs', requireMilliseconds(path, value));
    } else if (ATTEMPT_NAMES.includes(member)) {
      shorten(found, 'attemptTimeoutMs', requireMilliseconds(path, value));
    } else if (AGENT_NAMES.includes(member)) {
      if (typeof value !== 'object') fail(path, 'an agent', value);
      const { proxy } = found;
      const { agentOptions } = require('./agents');
      Object.assign(found, agentOptions(path, value, warnings), proxy ? { proxy } : {});
    } else if (member === 'proxy') {
      if (value !== '') found.proxy = require('./proxies').proxyUrl(path, value);
    } else if (!QUIET.includes(member)) {
      warnings.push(`${path} is not supported and is ignored; ${WAY_OUT}`);
    }
  }
  return found;
}

/**
 * Keeps the shorter one of two time-outs. In both SDKs 0 means that there is no such time-out.
 *
 * @param {NativeClientOptions} found
 * @param {'connectTimeoutMs' | 'attemptTimeoutMs'} name
 * @param {number} ms
 */
function shorten(found, name, ms) {
  const known = found[name];
  if (ms > 0) found[name] = known === undefined ? ms : Math.min(known, ms);
}

module.exports = { transportOptions };
