'use strict';

/**
 * The options of `syncFlags` and `createSyncHandler`: checks the caller's values.
 */

const { URL } = require('url');

const { bare, own } = require('../host/own');
const { fail, isSet, optional, requireFlag, requireObject } = require('../options/checks');
const { syncStoreOptions, timeout } = require('../options');
const { clientOptions } = require('../options/client');

/** LaunchDarkly's polling service. */
const BASE_URI = 'https://sdk.launchdarkly.com';
const TIMEOUT_MS = 10000;
/** What a header may contain. */
const HEADER = /^[\x21-\x7e]+$/;

/**
 * @typedef {object} SyncOptions
 * @property {string} sdkKey
 * @property {URL} baseUri
 * @property {string | undefined} etag
 * @property {number} timeoutMs
 * @property {boolean} allowOlder
 * @property {boolean} allowEmpty
 * @property {import('../native/host-functions').ClientOptions} client the options of the connection to LaunchDarkly
 * @property {import('../options').StoreOptions} store
 */

/**
 * @param {unknown} tableName
 * @param {unknown} options
 * @returns {SyncOptions}
 * @throws {TypeError} for a bad value; it names the option, and doesn't contain it
 */
function syncOptions(tableName, options) {
  const given = bare(optional('options', options, requireObject));
  const { sdkKey, baseUri, etag, timeout: time, allowOlder, allowEmpty, ...others } = given;
  const client = clientOptions(others.clientOptions, []).native;
  // With a client of the caller's, `clientOptions` is only for the connection to LaunchDarkly.
  if (isSet(others.dynamoDBClient)) delete others.clientOptions;
  return {
    sdkKey: isSet(sdkKey) ? keyOf('sdkKey', sdkKey) : keyOf(...keyOfEnvironment()),
    baseUri: optional('baseUri', baseUri, requireUri) || new URL(BASE_URI),
    etag: optional('etag', etag, requireEtag),
    timeoutMs: optional('timeout', time, timeout) || TIMEOUT_MS,
    allowOlder: optional('allowOlder', allowOlder, requireFlag) || false,
    allowEmpty: optional('allowEmpty', allowEmpty, requireFlag) || false,
    client,
    store: syncStoreOptions(tableName, others),
  };
}

/** @returns {[string, unknown]} */
function keyOfEnvironment() {
  const name = 'LAUNCHDARKLY_SDK_KEY';
  const { [name]: key } = process.env || {};
  return key ? [`the variable ${name}`, key] : [`sdkKey (or the variable ${name})`, undefined];
}

/**
 * @param {string} name
 * @param {unknown} value never shown
 * @returns {string}
 */
function keyOf(name, value) {
  if (typeof value !== 'string' || value === '') fail(name, 'an SDK key', value);
  if (!HEADER.test(value)) fail(name, 'an SDK key without blanks and line breaks', value);
  return value;
}

/** @type {import('../options/checks').Check<string>} */
function requireEtag(name, value) {
  return isEtag(value) ? value : fail(name, 'the etag of an earlier sync', value);
}

/**
 * @param {unknown} value
 * @returns {value is string} whether a request can have this ETag
 */
function isEtag(value) {
  // An ETag may contain a blank.
  return typeof value === 'string' && HEADER.test(value.replace(/ /g, '_'));
}

/** @type {import('../options/checks').Check<URL>} */
function requireUri(name, value) {
  const expected = 'a URL with http or https, and without user, query and fragment';
  try {
    const url = new URL(String(own(value, 'href') || value));
    const { username, password, search, hash } = url;
    if (/^https?:$/.test(url.protocol) && username + password + search + hash === '') return url;
  } catch (_) {
    // It is no URL.
  }
  return fail(name, expected, value);
}

module.exports = { isEtag, syncOptions };
