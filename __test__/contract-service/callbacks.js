'use strict';

/** Requests to the endpoints that the harness simulates. */

/**
 * @param {string} uri
 * @param {any} [body] sent as JSON
 * @returns {Promise<Response>} an answer of success
 */
async function post(uri, body) {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(uri, { method: 'POST', ...(body === undefined ? {} : json) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response;
}

module.exports = { post };
