'use strict';

/**
 * `clientOptions`: converts the options of the AWS SDKs for JavaScript, versions 2 and 3, to the form that the
 * native store takes.
 *
 * @typedef {import('../../native/host-functions').ClientOptions} ClientOptions
 */

const { bare, own } = require('../../host/own');
const {
  fail,
  isSet,
  optional,
  requireFlag,
  requireObject,
  requireText,
  unlessEmpty,
} = require('../checks');
const { awsV2GlobalOptions } = require('./aws-v2-global-config');
const { READ_BY, WAY_OUT, warnOfOthers } = require('./names');

/**
 * Readers of options, by concern. Loaded on demand, for a fast start in the usual case.
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
/** The version of DynamoDB's API that the native store uses. */
const API_VERSION = '2012-08-10';
/** Each of these overrides the credentials of `AWS.config`. */
const CREDENTIAL_NAMES = [...READ_BY.credentials, 'profile'];

/**
 * @typedef {object} ReadClientOptions
 * @property {ClientOptions} native
 * @property {boolean | undefined} consistentRead
 * @property {((line: string) => void) | undefined} requestLogger takes one line for each request
 * @property {unknown} service a bound client of version 2, used like `dynamoDBClient`
 */

/**
 * @param {unknown} value the option `clientOptions`
 * @param {string[]} warnings gets a line for each option that is ignored
 * @returns {ReadClientOptions}
 * @throws {TypeError} for a bad value; it names the option
 */
function clientOptions(value, warnings) {
  const explicit = setOptions(optional('clientOptions', value, requireObject) || {});
  warnOfOthers(explicit, warnings);
  checkApiVersions(explicit, warnings);
  const options = merged(awsV2GlobalOptions(), explicit);
  const log = optional('clientOptions.logger', options.logger, (name, logger) =>
    require('./request-logger').requestLogger(name, logger)
  );
  // Deferred options cause a second read, which must not repeat the warnings.
  let readerWarnings = warnings;
  const readAll = (/** @type {Record<string, any>} */ known) => {
    const read = generalOptions(known, log !== undefined);
    for (const part of /** @type {(keyof typeof READERS)[]} */ (Object.keys(READERS))) {
      if (READ_BY[part].some((name) => known[name] !== undefined)) {
        Object.assign(read, READERS[part]()(known, readerWarnings));
      }
    }
    readerWarnings = [];
    return read;
  };
  const native = hasDeferred(options)
    ? require('./deferred').readDeferred(options, readAll)
    : readAll(options);
  return {
    native,
    consistentRead: boundParameters(options, warnings),
    requestLogger: log,
    service: options.service,
  };
}

/**
 * @param {Record<string, any>} options
 * @returns {boolean} whether some options may be deferred
 */
function hasDeferred(options) {
  const values = Object.values(options);
  return (
    values.some((value) => typeof value === 'function') ||
    Boolean(options.requestHandler || options.retryStrategy)
  );
}

/**
 * @param {Record<string, any>} options
 * @param {boolean} logRequests
 * @returns {ClientOptions} the options that no other reader reads
 */
function generalOptions({ profile, authSchemePreference }, logRequests) {
  return bare({
    profile: optional('clientOptions.profile', profile, unlessEmpty(requireText)),
    authSchemes: optional('clientOptions.authSchemePreference', authSchemePreference, names),
    logRequests,
  });
}

/**
 * @param {Record<string, any>} options
 * @returns {Record<string, any>} the options that are set
 */
function setOptions(options) {
  const set = bare();
  for (const name of Object.keys(options)) {
    if (isSet(options[name])) set[name] = options[name];
  }
  return set;
}

/**
 * @param {Record<string, any>} global the options of `AWS.config`
 * @param {Record<string, any>} explicit the options of `clientOptions`, which win
 * @returns {Record<string, any>}
 */
function merged(global, explicit) {
  const all = bare(global, explicit);
  if (global.credentials && CREDENTIAL_NAMES.some((name) => explicit[name])) {
    if (explicit.credentials === undefined) delete all.credentials;
  }
  if (global.httpOptions && explicit.httpOptions && typeof explicit.httpOptions === 'object') {
    all.httpOptions = bare(global.httpOptions, setOptions(explicit.httpOptions));
  }
  // Both names mean the same setting: the explicit one wins.
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
 * Reads `params`, which version 2 adds to each request.
 *
 * @param {Record<string, any>} options
 * @param {string[]} warnings
 * @returns {boolean | undefined} whether reads are strongly consistent
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
