'use strict';

/**
 * Which endpoint requests go to, and for which region.
 *
 * @typedef {import('../../../binding').NativeClientOptions} NativeClientOptions
 */

const { own } = require('../../host/own');
const { fail, optional } = require('../checks');
const { requireFlag, requireOneOf, requireText, unlessEmpty } = require('../checks');

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
 * A URL as text, or an object that has one: a `URL`, an `AWS.Endpoint` of version 2, or what version 3
 * resolves an endpoint to.
 *
 * @param {string} name
 * @param {any} value
 * @returns {string}
 */
function url(name, value) {
  let text = value;
  if (typeof value === 'object') {
    const given = own(value, 'url') || value;
    const names = ['href', 'hostname', 'protocol', 'port', 'path'];
    const [href, hostname, protocol, port, path] = names.map((member) => own(given, member));
    text = href;
    if (!href && typeof hostname === 'string' && hostname !== '') {
      const scheme = protocol ? `${String(protocol).replace(/:$/, '')}://` : '';
      text = `${scheme}${hostname}${port ? `:${port}` : ''}${path || ''}`;
    }
    if (typeof given === 'string') text = given;
  }
  if (typeof text !== 'string' || text === '') fail(name, 'a URL', value);
  return text;
}

module.exports = { endpointOptions };
