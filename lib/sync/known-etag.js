'use strict';

/**
 * The ETag of the last sync, for those that sync again and again.
 */

const { now } = require('../host/event-loop');

/**
 * How long an ETag is used. After that, a sync reads the table again, and restores what another process has changed
 * meanwhile.
 */
const ETAG_MS = 3600 * 1000;

class KnownEtag {
  constructor() {
    /** @type {string | undefined} */
    this.etag = undefined;
    /** When the table was last compared with its data. */
    this.since = 0;
  }

  /**
   * Syncs, and keeps the ETag if that succeeds.
   *
   * @template {{etag?: string | undefined, notModified: boolean}} T
   * @param {(etag: string | undefined) => Promise<T>} sync
   * @returns {Promise<T>}
   */
  async use(sync) {
    const known = now() - this.since < ETAG_MS ? this.etag : undefined;
    try {
      const result = await sync(known);
      if (!result.notModified) {
        this.etag = result.etag;
        this.since = now();
      }
      return result;
    } catch (failure) {
      // The sync may have changed the table.
      this.etag = undefined;
      throw failure;
    }
  }
}

module.exports = { KnownEtag };
