'use strict';

/**
 * What the caller's functions and clients fail with, as a line of the log.
 */

/** The longest text that is shown, in characters. */
const LONGEST = 300;
/** Whatever may be a key, a token or a signature: long, and of their characters. */
const POSSIBLE_SECRET = /[A-Za-z0-9+/=_%-]{16,}/g;

/**
 * @param {any} failure
 * @returns {string} one line of it, without what may be a secret
 */
function told(failure) {
  const isError = Boolean(failure) && typeof failure === 'object';
  const text = isError ? failure.message || failure.code || failure.name : failure;
  const shown = String(text)
    .replace(POSSIBLE_SECRET, (word) => (/[0-9]/.test(word) ? '…' : word))
    .replace(/\s+/g, ' ')
    .trim();
  return shown.slice(0, LONGEST) || 'no reason was given';
}

module.exports = { told };
