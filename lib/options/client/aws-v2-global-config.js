'use strict';

/**
 * The configuration of an AWS SDK for JavaScript v2 that the application has loaded: what it was told
 * by `AWS.config.update(…)` holds for its clients, and so it does here. Nothing is loaded for that.
 */

const { loadedModules } = require('../../host/loaded-modules');
const { bare, own } = require('../../host/own');

/** The module of version 2 that holds its configuration. */
const CORE = /[\\/]aws-sdk[\\/]lib[\\/]core\.js$/;
/** What version 2 has as a time-out when nothing is configured, in milliseconds. */
const DEFAULT_TIMEOUT = 120000;
/** Options that are taken over as they are, with the type that they must have. */
const TAKEN = {
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
/** Options whose value in version 2 is this unless somebody sets them. */
const DEFAULTS = {
  correctClockSkew: false,
  sslEnabled: true,
  systemClockOffset: 0,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
};

/**
 * @returns {Record<string, any>} options, in the form of `clientOptions`
 */
function ambientOptions() {
  try {
    const config = loadedConfig();
    return config ? bare(options(config), options(own(config, 'dynamodb') || {})) : bare();
  } catch (_) {
    // Whatever is there, it is not what was expected, and nobody asked for it.
    return bare();
  }
}

/** @returns {any} `AWS.config` of the SDK that lies nearest to the root of all */
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
function options(config) {
  /** @type {Record<string, any>} */
  const taken = bare();
  /** @type {Record<string, any>} */
  const defaults = DEFAULTS;
  for (const [name, type] of Object.entries(TAKEN)) {
    const value = own(config, name);
    if (value && typeof value === type && value !== defaults[name]) taken[name] = value;
    else if (value === 0 && name === 'maxRetries') taken[name] = value;
    else if (value === false && name === 'sslEnabled') taken[name] = value;
  }
  const [credentials, endpoint, httpOptions, logger] = [
    'credentials',
    'endpoint',
    'httpOptions',
    'logger',
  ].map((name) => own(config, name));
  if (credentials && typeof credentials === 'object' && !isEnvironment(credentials)) {
    taken.credentials = credentials;
  }
  if (endpoint && (typeof endpoint === 'string' || own(endpoint, 'href')))
    taken.endpoint = endpoint;
  if (['log', 'write'].some((method) => typeof own(logger, method) === 'function')) {
    taken.logger = logger;
  }
  if (httpOptions && typeof httpOptions === 'object') {
    const { agent, connectTimeout, proxy, timeout } = bare(httpOptions);
    taken.httpOptions = {
      agent: agent && typeof agent === 'object' ? agent : undefined,
      connectTimeout,
      proxy,
      timeout: timeout === DEFAULT_TIMEOUT ? undefined : timeout,
    };
  }
  return taken;
}

/**
 * @param {any} credentials
 * @returns {boolean} whether they are those of the environment, which version 2 finds by itself
 */
function isEnvironment(credentials) {
  return (
    own(credentials, 'envPrefix') === 'AWS' && typeof own(credentials, 'refresh') === 'function'
  );
}

module.exports = { ambientOptions };
