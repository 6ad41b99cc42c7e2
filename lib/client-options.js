'use strict';

/**
 * How DynamoDB is reached: the names that the AWS SDK for JavaScript has for it, in one normal form.
 *
 * @typedef {import('../binding').NativeOptions} NativeOptions
 * @typedef {import('../binding').NativeCredentials} NativeCredentials
 */

const { fail, optional, requireObject } = require('./validate');

/** What may stand in an HTTP header, as credentials do in the end. */
const HEADER_TEXT = /^[\x20-\x7e]+$/;
/** The options that hold credentials, by their names in the AWS SDKs. */
const CREDENTIAL_NAMES = ['accessKeyId', 'secretAccessKey', 'sessionToken'];
/** The time-outs, in milliseconds, by the names that they have in versions 2 and 3 of the AWS SDK. */
const TIMEOUTS = {
  httpOptions: { connectTimeout: 'connectTimeoutMs', timeout: 'attemptTimeoutMs' },
  requestHandler: {
    connectionTimeout: 'connectTimeoutMs',
    socketTimeout: 'attemptTimeoutMs',
    requestTimeout: 'attemptTimeoutMs',
  },
};
const KNOWN = ['region', 'endpoint', 'credentials', ...CREDENTIAL_NAMES, ...Object.keys(TIMEOUTS)];

/**
 * @param {unknown} given
 * @param {string[]} warnings gets a line for each option that is not honoured
 * @returns {Omit<NativeOptions, 'table'>}
 */
function clientOptions(given, warnings) {
  const options = requireObject('clientOptions', given);
  for (const name of Object.keys(options)) {
    const value = options[name];
    if (value !== undefined && value !== null && !KNOWN.includes(name)) {
      warnings.push(`clientOptions.${name} is not supported and is ignored`);
    }
  }
  return {
    region: optional('clientOptions.region', options.region, requireText),
    endpoint: optional('clientOptions.endpoint', options.endpoint, endpoint),
    credentials:
      optional('clientOptions.credentials', options.credentials, credentials) ||
      (CREDENTIAL_NAMES.some((name) => options[name] !== undefined && options[name] !== null)
        ? credentials('clientOptions', options)
        : undefined),
    ...timeouts('httpOptions', options, warnings),
    ...timeouts('requestHandler', options, warnings),
  };
}

/**
 * @param {'httpOptions' | 'requestHandler'} name
 * @param {Record<string, unknown>} options
 * @param {string[]} warnings
 * @returns {{connectTimeoutMs?: number, attemptTimeoutMs?: number}}
 */
function timeouts(name, options, warnings) {
  const given = optional(`clientOptions.${name}`, options[name], requireObject) || {};
  /** @type {Record<string, string>} */
  const known = TIMEOUTS[name];
  /** @type {Record<string, number>} */
  const found = {};
  for (const member of Object.keys(given)) {
    const path = `clientOptions.${name}.${member}`;
    const value = given[member];
    if (value === undefined || value === null) continue;
    if (known[member] === undefined) {
      warnings.push(`${path} is not supported and is ignored`);
    } else if (typeof value !== 'number' || !(value >= 0)) {
      fail(path, 'a number of milliseconds', value);
    } else if (value > 0) {
      // In both SDKs 0 means that there is no such time-out of its own.
      found[known[member]] = value;
    }
  }
  return found;
}

/**
 * A URL as text, or an object that has one: a `URL`, or an `AWS.Endpoint` of the AWS SDK v2.
 *
 * @param {string} name
 * @param {any} value
 * @returns {string}
 */
function endpoint(name, value) {
  const text = typeof value === 'object' ? value.href : value;
  if (typeof text !== 'string' || text === '') fail(name, 'a URL', value);
  return text;
}

/**
 * @param {string} name the option that holds them
 * @param {unknown} value
 * @returns {NativeCredentials}
 */
function credentials(name, value) {
  const given = requireObject(name, value);
  return {
    accessKeyId: requireSecret(`${name}.accessKeyId`, given.accessKeyId),
    secretAccessKey: requireSecret(`${name}.secretAccessKey`, given.secretAccessKey),
    sessionToken: optional(`${name}.sessionToken`, given.sessionToken, requireSecret),
  };
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string}
 */
function requireText(name, value) {
  if (typeof value !== 'string' || value === '') fail(name, 'a string', value);
  return value;
}

/**
 * @param {string} name
 * @param {unknown} value never shown
 * @returns {string}
 */
function requireSecret(name, value) {
  if (typeof value !== 'string' || !HEADER_TEXT.test(value)) {
    throw new TypeError(`${name} must be a string of visible characters, without line breaks`);
  }
  return value;
}

module.exports = { clientOptions };
