'use strict';

/**
 * AWS v2 global config: `AWS.config` of a version 2 AWS SDK that the application has loaded. Settings made with
 * `AWS.config.update(…)` apply to that SDK's clients, and therefore also here. This file never loads the SDK.
 */

const { loadedModules } = require('../../host/loaded-modules');
const { bare, own } = require('../../host/own');

/** The module of version 2 that exports the configuration. */
const CORE = /[\\/]aws-sdk[\\/]lib[\\/]core\.js$/;
/** Version 2's default time-out, in milliseconds. */
const DEFAULT_TIMEOUT = 120000;
/** Options that are copied, with the types that they must have. */
const COPIED = {
  correctClockSkew: 'boolean',
  customUserAgent: 'string',
  maxRetries: 'number',
  region: 'string',
  retryDelayOptions: 'object',
  sslEnabled: 'boolean',
  systemClockOffset: 'number',
  useDualstackEndpoint: 'boolean',
  useFipsEndpoint: 'boolean',
};
/** Version 2's default values, which count as not set. */
const DEFAULTS = {
  correctClockSkew: false,
  sslEnabled: true,
  systemClockOffset: 0,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
};

/**
 * @returns {Record<string, any>} options in the form of `clientOptions`; those of `AWS.config.dynamodb` win
 */
function awsV2GlobalOptions() {
  try {
    const config = loadedConfig();
    return config ? bare(readOptions(config), readOptions(own(config, 'dynamodb') || {})) : bare();
  } catch (_) {
    // The caller did not pass this object, so an unexpected one is not an error.
    return bare();
  }
}

/** @returns {any} `AWS.config` of the copy of the SDK with the shortest path */
function loadedConfig() {
  const [core] = loadedModules()
    .filter(([file]) => CORE.test(file))
    .sort(([a], [b]) => a.length - b.length);
  return core && core[1] && core[1].config;
}

/**
 * @param {any} config
 * @returns {Record<string, any>}
 */
function readOptions(config) {
  /** @type {Record<string, any>} */
  const read = bare();
  /** @type {Record<string, any>} */
  const defaults = DEFAULTS;
  for (const [name, type] of Object.entries(COPIED)) {
    const value = own(config, name);
    if (value && typeof value === type && value !== defaults[name]) read[name] = value;
    else if (value === 0 && name === 'maxRetries') read[name] = value;
    else if (value === false && name === 'sslEnabled') read[name] = value;
  }
  const [credentials, endpoint, httpOptions, logger] = [
    'credentials',
    'endpoint',
    'httpOptions',
    'logger',
  ].map((name) => own(config, name));
  if (credentials && typeof credentials === 'object' && !isEnvironment(credentials)) {
    read.credentials = credentials;
  }
  if (endpoint && (typeof endpoint === 'string' || own(endpoint, 'href'))) read.endpoint = endpoint;
  if (['log', 'write'].some((method) => typeof own(logger, method) === 'function')) {
    read.logger = logger;
  }
  if (httpOptions && typeof httpOptions === 'object') {
    const { agent, connectTimeout, proxy, timeout } = bare(httpOptions);
    read.httpOptions = {
      agent: agent && typeof agent === 'object' ? agent : undefined,
      connectTimeout,
      proxy,
      timeout: timeout === DEFAULT_TIMEOUT ? undefined : timeout,
    };
  }
  return read;
}

/**
 * @param {any} credentials
 * @returns {boolean} whether they come from the environment; version 2 sets these by default
 */
function isEnvironment(credentials) {
  return (
    own(credentials, 'envPrefix') === 'AWS' && typeof own(credentials, 'refresh') === 'function'
  );
}

module.exports = { awsV2GlobalOptions };
