'use strict';

/**
 * `createSyncHandler(…)`: a handler for AWS Lambda that syncs on a schedule, for a webhook of LaunchDarkly, or when it is
 * called directly.
 *
 * @typedef {import('../..').SyncResult} SyncResult
 * @typedef {{statusCode: number, body: string}} HttpResponse
 */

const { createHmac, timingSafeEqual } = require('crypto');

const { bare } = require('../host/own');
const { consoleLogger } = require('../logging/router');
const { fail, isSet, optional, requireObject, requireText } = require('../options/checks');
const { syncFlags } = require('.');
const { KnownEtag } = require('./known-etag');
const { syncOptions } = require('./options');

/** The header with the signature of a webhook's body. */
const SIGNATURE = 'x-ld-signature';
/**
 * @param {string} tableName
 * @param {object | null} [options]
 * @returns {(event?: any) => Promise<SyncResult | HttpResponse>}
 * @throws {TypeError} for a bad value; it names the option
 */
function createSyncHandler(tableName, options) {
  const given = bare(optional('options', options, requireObject));
  const { webhookSecret, ...others } = given;
  const secret = optional('webhookSecret', webhookSecret, requireText);
  if (webhookSecret === undefined && 'webhookSecret' in given) {
    // A variable that is not set must not turn the check off.
    fail('webhookSecret', 'a string, or null for no check', webhookSecret);
  }
  if (isSet(others.etag)) fail('etag', 'absent, because the handler keeps it', others.etag);
  // Bad options become known when the function is deployed, not with its first event.
  const { logger = consoleLogger } = syncOptions(tableName, others).store;
  const etags = new KnownEtag();
  const sync = () => etags.use((etag) => syncFlags(tableName, { ...others, etag }));

  // Lambda rejects handlers of three parameters from Node.js 24 on.
  return async function handler(event) {
    if (!isHttp(event)) return sync();
    if (secret !== undefined && !isSigned(event, secret)) {
      return response(401, { error: 'the signature of the webhook is missing or wrong' });
    }
    try {
      return response(200, await sync());
    } catch (failure) {
      // Whoever sends the request must not learn about the table.
      const { code, message } = /** @type {any} */ (failure);
      logError(logger, message);
      const isUpstream = code === 'BAD_SDK_KEY' || /^LAUNCHDARKLY_/.test(code);
      const whose = isUpstream ? 'LaunchDarkly' : 'this function';
      const error = `the sync failed because of ${whose} (${code}); its log says why`;
      return response(isUpstream ? 502 : 500, { error });
    }
  };
}

/**
 * Anything that may have come through a network counts, so that no kind of event gets around the signature.
 *
 * @param {any} event
 * @returns {boolean} whether it comes from a function URL, an API Gateway, a load balancer or the like
 */
function isHttp(event) {
  const { requestContext, headers, multiValueHeaders } = bare(event);
  return Boolean(requestContext || headers || multiValueHeaders);
}

/**
 * @param {any} event
 * @param {string} secret
 * @returns {boolean}
 */
function isSigned({ headers, multiValueHeaders, body, isBase64Encoded }, secret) {
  const all = bare(multiValueHeaders, headers);
  const name = Object.keys(all).find((each) => each.toLowerCase() === SIGNATURE);
  if (name === undefined) return false;
  const bytes = Buffer.from(String(body || ''), isBase64Encoded ? 'base64' : 'utf8');
  const expected = Buffer.from(createHmac('sha256', secret).update(bytes).digest('hex'));
  const found = Buffer.from(String(all[name]).trim().toLowerCase());
  return found.length === expected.length && timingSafeEqual(found, expected);
}

/**
 * @param {number} statusCode
 * @param {object} body
 * @returns {HttpResponse}
 */
function response(statusCode, body) {
  return { statusCode, body: JSON.stringify(body) };
}

/**
 * @param {import('../logging/router').Logger} logger
 * @param {string} line
 */
function logError(logger, line) {
  // A logger may throw or reject.
  new Promise((resolve) => resolve(logger.error(line))).catch(() => consoleLogger.error(line));
}

module.exports = { createSyncHandler };
