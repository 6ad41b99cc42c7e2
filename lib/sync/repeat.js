'use strict';

/**
 * What a sync does while other processes write newer rows: it gets newer data, and writes that.
 *
 * @typedef {{json?: string, etag?: string}} Data what LaunchDarkly answers; without `json` if it has nothing newer
 * @typedef {{put: number, deleted: number, unchanged: number, isOvertaken: boolean}} Synced what native code has done
 */

const { CallError } = require('../logging/redaction');

/** How often the data is fetched at most. */
const MOST_FETCHES = 3;

/**
 * @param {Data} first
 * @param {() => Promise<Data>} fetchAgain
 * @param {(json: string) => Promise<Synced>} write
 * @returns {Promise<{put: number, deleted: number, unchanged: number, etag: string | undefined}>}
 */
async function writeNewest(first, fetchAgain, write) {
  let { json, etag } = first;
  let [put, deleted] = [0, 0];
  try {
    for (let fetches = 1; ; fetches += 1) {
      const isOnce = fetches === 1;
      const done = await write(/** @type {string} */ (json)).catch(isOnce ? olderAtFirst : fail);
      put += done.put;
      deleted += done.deleted;
      if (!done.isOvertaken) return { put, deleted, unchanged: done.unchanged, etag };
      if (fetches === MOST_FETCHES) {
        throw new CallError('other processes keep writing newer flags', 'OLDER_DATA');
      }
      // What the other process wrote is newer, so LaunchDarkly has newer data as well.
      ({ json, etag } = await fetchAgain());
    }
  } catch (/** @type {any} */ failure) {
    if (put + deleted > 0) {
      const before = 'before that, another process wrote newer flags at the same time; sync again';
      failure.message = `${failure.message} (${before})`;
    }
    throw failure;
  }
}

/**
 * Data that is older than the table from the beginning is fetched once more: a sync with newer data may have ended since.
 *
 * @param {any} failure
 * @returns {Synced}
 */
function olderAtFirst(failure) {
  if (failure.code !== 'OLDER_DATA') throw failure;
  return { put: 0, deleted: 0, unchanged: 0, isOvertaken: true };
}

/**
 * @param {any} failure
 * @returns {Synced}
 */
function fail(failure) {
  throw failure;
}

module.exports = { writeNewest };
