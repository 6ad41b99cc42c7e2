'use strict';

/**
 * Shorter pauses of V8's garbage collection while many items are parsed.
 *
 * V8 collects its young generation when that is full, and takes the longer the more of it is still in
 * use: of items that were just parsed, all. What is dropped at once takes room but no time, so with
 * such scrap between the items fewer of them gather until the next collection. Each takes less time;
 * there are more of them, for about as much in all.
 */

/** Per delivery of a long answer, of whose length `src/mailbox.rs` decides. */
const SCRAPS = 12;
/** 16 KB each; V8 keeps larger arrays, from 128 KB, elsewhere. */
const SCRAP_ELEMENTS = 2000;

/**
 * Holds each for a moment: V8 doesn't make what nothing refers to.
 *
 * @type {{scrap?: any[]}}
 */
const place = { scrap: undefined };

/** To be called with each delivery of a long answer. */
function spreadOut() {
  for (let i = 0; i < SCRAPS; i += 1) place.scrap = new Array(SCRAP_ELEMENTS);
  place.scrap = undefined;
}

module.exports = { spreadOut };
