'use strict';

/**
 * The application's part of the `User-Agent` header.
 *
 * @typedef {import('../../native/options').NativeClientOptions} NativeClientOptions
 */

const { fail, optional, requireText, unlessEmpty } = require('../checks');

/**
 * @param {Record<string, unknown>} options
 * @returns {NativeClientOptions}
 */
function userAgentOptions(options) {
  const { customUserAgent, userAgentAppId } = options;
  return {
    userAgent: optional('clientOptions.customUserAgent', customUserAgent, userAgent),
    appId: optional('clientOptions.userAgentAppId', userAgentAppId, unlessEmpty(requireText)),
  };
}

/**
 * @param {string} name
 * @param {unknown} value text, or an array of texts and [name, version] pairs
 * @returns {string}
 */
function userAgent(name, value) {
  const parts = Array.isArray(value) ? value : [value];
  const words = parts.map((part) => {
    const pair = Array.isArray(part) ? part : [part];
    if (pair.length === 0 || !pair.every((word) => typeof word === 'string')) {
      fail(name, 'a string, or an array of names with versions', value);
    }
    return pair.filter(Boolean).join('/');
  });
  return words.join(' ').replace(/[^\x20-\x7e]/g, '-');
}

module.exports = { userAgentOptions };
