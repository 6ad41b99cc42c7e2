'use strict';

/**
 * Proxy settings in the forms that libraries use.
 */

const { URL } = require('url');

const { own } = require('../../host/own');
const { INVALID } = require('../checks');

/**
 * @param {string} name
 * @param {any} value never shown, because it may hold a password
 * @returns {string} a URL, including any user and password
 * @throws {TypeError}
 */
function proxyUrl(name, value) {
  const url = asUrl(value);
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    const message = `${name} must be the URL of an HTTP proxy, such as http://proxy:3128`;
    throw Object.assign(new TypeError(message), INVALID);
  }
  return url.href;
}

/**
 * @param {any} value a URL as text, an object with `href`, or an object with the parts of a URL
 * @returns {URL | undefined}
 */
function asUrl(value) {
  const member = (/** @type {string} */ name) => own(value, name);
  const text = typeof member('href') === 'string' ? member('href') : value;
  try {
    if (typeof text === 'string') return new URL(text.includes('://') ? text : `http://${text}`);
    const host = member('hostname') || member('host');
    if (typeof host !== 'string' || host === '') return undefined;
    const scheme = String(member('protocol') || 'http').replace(/:?(\/\/)?$/, '');
    const port = member('port');
    const url = new URL(`${scheme}://${host}${port ? `:${port}` : ''}`);
    const [user, ...password] = String(member('auth') || member('proxyAuth') || '').split(':');
    if (user) {
      url.username = encodeURIComponent(user);
      url.password = encodeURIComponent(password.join(':'));
    }
    return url;
  } catch (_) {
    return undefined;
  }
}

module.exports = { asUrl, proxyUrl };
