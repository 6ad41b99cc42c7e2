'use strict';

/**
 * The endpoint and region of requests.
 *
 * @typedef {import('../../native/options').NativeClientOptions} NativeClientOptions
 */

const { own } = require('../../host/own');
const {
  fail,
  optional,
  requireFlag,
  requireOneOf,
  requireText,
  unlessEmpty,
} = require('../checks');

const accountIdEndpointMode = requireOneOf(['preferred', 'required', 'disabled']);

/**
 * @param {Record<string, unknown>} options
 * @returns {NativeClientOptions}
 */
function endpointOptions(options) {
  /** @type {<T>(name: string, check: (name: string, value: unknown) => T) => T | undefined} */
  const read = (name, check) => optional(`clientOptions.${name}`, options[name], check);
  const sslEnabled = read('sslEnabled', requireFlag);
  const tls = read('tls', requireFlag);
  return {
    region: read('region', requireText),
    endpoint: read('endpoint', unlessEmpty(url)),
    ignoreConfiguredEndpoints: read('ignoreConfiguredEndpointUrls', requireFlag),
    tls: tls === undefined ? sslEnabled : tls,
    fips: read('useFipsEndpoint', requireFlag),
    dualStack: read('useDualstackEndpoint', requireFlag),
    accountIdEndpointMode: read('accountIdEndpointMode', accountIdEndpointMode),
    signingRegion: read('signingRegion', unlessEmpty(requireText)),
  };
}

/**
 * Accepts a URL as text, a `URL`, an `AWS.Endpoint` of version 2 or a resolved endpoint of version 3.
 *
 * @param {string} name
 * @param {any} value
 * @returns {string}
 */
function url(name, value) {
  let text = value;
  if (typeof value === 'object') {
    const endpoint = own(value, 'url') || value;
    const names = ['href', 'hostname', 'protocol', 'port', 'path'];
    const [href, hostname, protocol, port, path] = names.map((member) => own(endpoint, member));
    text = href;
    if (!href && typeof hostname === 'string' && hostname !== '') {
      const scheme = protocol ? `${String(protocol).replace(/:$/, '')}://` : '';
      text = `${scheme}${hostname}${port ? `:${port}` : ''}${path || ''}`;
    }
    if (typeof endpoint === 'string') text = endpoint;
  }
  if (typeof text !== 'string' || text === '') fail(name, 'a URL', value);
  return text;
}

module.exports = { endpointOptions };
