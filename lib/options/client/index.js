'use strict';

/**
 * How DynamoDB is reached: the names that the AWS SDKs for JavaScript, versions 2 and 3, have for it,
 * in one normal form. What becomes of it is decided in the native store.
 *
 * @typedef {import('../../native/host-functions').ClientOptions} ClientOptions
 */

const { bare, own } = require('../../host/own');
const { fail, optional, requireObject } = require('../checks');
const { ambientOptions } = require('./aws-v2-global-config');
const { requireFlag, requireText, unlessEmpty } = require('../checks');
const { READ_BY, WAY_OUT, warnOfOthers } = require('./names');

/**
 * What reads the options. A start is waited for: only what is needed is loaded.
 *
 * @type {Record<Exclude<keyof typeof READ_BY, 'index'>,
 *   () => (options: Record<string, any>, warnings: string[]) => ClientOptions>}
 */
const READERS = {
  credentials: () => require('./credentials').credentialOptions,
  endpoint: () => require('./endpoint').endpointOptions,
  retries: () => require('./retries').retryOptions,
  transport: () => require('./transport').transportOptions,
  userAgent: () => require('./user-agent').userAgentOptions,
};
/** The version of DynamoDB's interface that is spoken. */
const API_VERSION = '2012-08-10';
/** Options that say where credentials come from: one of them makes those of `AWS.config` useless. */
const CREDENTIAL_NAMES = [...READ_BY.credentials, 'profile'];

/**
 * @typedef {object} ReadClientOptions
 * @property {ClientOptions} native
 * @property {boolean | undefined} consistentRead
 * @property {((line: string) => void) | undefined} requestLogger takes a line for each call
 * @property {unknown} service a client of version 2 that is to be used instead of all others
 */

/**
 * @param {unknown} given
 * @param {string[]} warnings gets a line for each option that is not honoured
 * @returns {ReadClientOptions}
 * @throws {TypeError} for a bad value; it names the option
 */
function clientOptions(given, warnings) {
  const explicit = present(optional('clientOptions', given, requireObject) || {});
  warnOfOthers(explicit, warnings);
  checkApiVersions(explicit, warnings);
  const options = merged(ambientOptions(), explicit);
  const log = optional('clientOptions.logger', options.logger, (name, value) =>
    require('./request-logger').requestLogger(name, value)
  );
  // A second reading, when functions have given their values, has nothing new to warn of.
  let lines = warnings;
  const read = (/** @type {Record<string, any>} */ known) => {
    const found = ownOptions(known, log !== undefined);
    for (const part of /** @type {(keyof typeof READERS)[]} */ (Object.keys(READERS))) {
      if (READ_BY[part].some((name) => known[name] !== undefined)) {
        Object.assign(found, READERS[part]()(known, lines));
      }
    }
    lines = [];
    return found;
  };
  const native = mayBeLate(options)
    ? require('./deferred').readInTime(options, read)
    : read(options);
  return {
    native,
    consistentRead: boundParameters(options, warnings),
    requestLogger: log,
    service: options.service,
  };
}

/**
 * @param {Record<string, any>} options
 * @returns {boolean} whether the value of one may be known only later
 */
function mayBeLate(options) {
  const values = Object.values(options);
  return (
    values.some((value) => typeof value === 'function') ||
    Boolean(options.requestHandler || options.retryStrategy)
  );
}

/**
 * @param {Record<string, any>} options
 * @param {boolean} logRequests
 * @returns {ClientOptions} those that no other file reads
 */
function ownOptions({ profile, authSchemePreference }, logRequests) {
  return bare({
    profile: optional('clientOptions.profile', profile, unlessEmpty(requireText)),
    authSchemes: optional('clientOptions.authSchemePreference', authSchemePreference, names),
    logRequests,
  });
}

/**
 * @param {Record<string, any>} options
 * @returns {Record<string, any>} those that are given
 */
function present(options) {
  const found = bare();
  for (const name of Object.keys(options)) {
    if (options[name] !== undefined && options[name] !== null) found[name] = options[name];
  }
  return found;
}

/**
 * @param {Record<string, any>} ambient
 * @param {Record<string, any>} explicit
 * @returns {Record<string, any>}
 */
function merged(ambient, explicit) {
  const all = bare(ambient, explicit);
  if (ambient.credentials && CREDENTIAL_NAMES.some((name) => explicit[name])) {
    if (explicit.credentials === undefined) delete all.credentials;
  }
  if (ambient.httpOptions && explicit.httpOptions && typeof explicit.httpOptions === 'object') {
    all.httpOptions = bare(ambient.httpOptions, present(explicit.httpOptions));
  }
  // Each says how requests are sent again; what is said here wins.
  if (explicit.maxAttempts !== undefined) delete all.maxRetries;
  return all;
}

/**
 * @param {Record<string, any>} options
 * @param {string[]} warnings
 */
function checkApiVersions({ apiVersion, apiVersions, signatureVersion }, warnings) {
  optional('clientOptions.apiVersion', apiVersion, requireApiVersion);
  const versions = optional('clientOptions.apiVersions', apiVersions, requireObject);
  optional('clientOptions.apiVersions.dynamodb', own(versions, 'dynamodb'), requireApiVersion);
  if (signatureVersion !== undefined && signatureVersion !== 'v4') {
    warnings.push(`clientOptions.signatureVersion: only v4 is supported; ${WAY_OUT}`);
  }
}

/**
 * @param {string} name
 * @param {any} value
 */
function requireApiVersion(name, value) {
  const text = value instanceof Date ? value.toJSON() : value;
  if (text !== 'latest' && !(typeof text === 'string' && text.startsWith(API_VERSION))) {
    fail(name, `${API_VERSION} or latest`, value);
  }
}

/**
 * Parameters that version 2 adds to each request.
 *
 * @param {Record<string, any>} options
 * @param {string[]} warnings
 * @returns {boolean | undefined} whether reads are to be consistent
 */
function boundParameters(options, warnings) {
  const params = bare(optional('clientOptions.params', options.params, requireObject));
  for (const name of Object.keys(params)) {
    if (name !== 'ConsistentRead') {
      warnings.push(`clientOptions.params.${name} is not supported and is ignored; ${WAY_OUT}`);
    }
  }
  return optional('clientOptions.params.ConsistentRead', params.ConsistentRead, requireFlag);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string[]}
 */
function names(name, value) {
  const list = typeof value === 'string' ? value.split(',').map((word) => word.trim()) : value;
  if (!Array.isArray(list) || !list.every((word) => typeof word === 'string')) {
    fail(name, 'an array of names', value);
  }
  return list;
}

module.exports = { clientOptions };
