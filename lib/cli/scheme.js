'use strict';

/**
 * Finds out whether a URL begins with the wrong one of `http:` and `https:`.
 */

const tls = require('tls');

/** What the TLS library says about an answer that is not TLS. */
const NOT_TLS = 'InvalidContentType';
/** What the cause says of a server that speaks HTTP. Some answer 400 if a port expects TLS. */
const HTTP = /HTTP status (?!400)/;
/** The longest wait for a TLS handshake, in milliseconds. */
const HANDSHAKE_MS = 3000;

/**
 * @param {string} endpoint the URL of a server that gave no answer of DynamoDB's
 * @param {string} cause of that failure
 * @returns {Promise<{speaks: string, endpoint: string} | undefined>} the URL with the other scheme, if the server
 *   speaks that
 */
async function otherScheme(endpoint, cause) {
  if (endpoint.startsWith('https:') && cause.includes(NOT_TLS)) {
    return { speaks: 'does not speak TLS', endpoint: endpoint.replace('https:', 'http:') };
  }
  const mayBeTls = endpoint.startsWith('http:') && !HTTP.test(cause);
  if (mayBeTls && (await speaksTls(new URL(endpoint)))) {
    return { speaks: 'speaks TLS', endpoint: endpoint.replace('http:', 'https:') };
  }
  return undefined;
}

/**
 * Tries a TLS handshake. Whose certificate it is does not matter, because nothing is sent.
 *
 * @param {URL} url
 * @returns {Promise<boolean>}
 */
function speaksTls({ hostname, port }) {
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = tls.connect({ host, port: Number(port || 80), rejectUnauthorized: false });
    const end = (/** @type {boolean} */ does) => {
      socket.destroy();
      resolve(does);
    };
    socket.setTimeout(HANDSHAKE_MS, () => end(false));
    socket.once('secureConnect', () => end(true));
    socket.once('error', () => end(false));
  });
}

module.exports = { otherScheme };
