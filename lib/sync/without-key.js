'use strict';

/** The minimum length of a secret. */
const SHORTEST_SECRET = 8;

/**
 * No message has the SDK key on purpose, but a server or a proxy may repeat it.
 *
 * @param {string} key a short one is no secret
 * @param {string} text
 * @returns {string}
 */
function withoutKey(key, text) {
  if (key.length < SHORTEST_SECRET) return text;
  return [key, encodeURIComponent(key)].reduce(
    (line, secret) => line.split(secret).join('…'),
    text
  );
}

module.exports = { withoutKey };
