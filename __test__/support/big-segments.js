'use strict';

/**
 * Big segments as the Relay Proxy writes them.
 */

const { createHash } = require('node:crypto');

/** Returns the hash by which SDKs look up a context's big segments. */
function hashOf(contextKey) {
  return createHash('sha256').update(contextKey).digest('base64');
}

/**
 * Makes the row with the time of the last synchronisation.
 *
 * @param {number | undefined} synchronizedOn
 * @param {string} [prefix]
 */
function metadataRow(synchronizedOn, prefix) {
  const name = prefixed('big_segments_metadata', prefix);
  return {
    namespace: { S: name },
    key: { S: name },
    lastVersion: { S: 'a cursor of the Relay Proxy' },
    ...(synchronizedOn === undefined ? {} : { synchronizedOn: { N: String(synchronizedOn) } }),
  };
}

/**
 * Makes the row with a context's memberships. DynamoDB can't store an empty set.
 *
 * @param {string} hash
 * @param {{included?: string[], excluded?: string[]}} references
 * @param {string} [prefix]
 */
function membershipRow(hash, { included = [], excluded = [] }, prefix) {
  return {
    namespace: { S: prefixed('big_segments_user', prefix) },
    key: { S: hash },
    ...(included.length > 0 ? { included: { SS: included } } : {}),
    ...(excluded.length > 0 ? { excluded: { SS: excluded } } : {}),
  };
}

function prefixed(name, prefix) {
  return prefix ? `${prefix}:${name}` : name;
}

module.exports = { hashOf, membershipRow, metadataRow };
