'use strict';

/**
 * A reader that looks at the table all the while, strongly consistent, and notes what must never be
 * seen: a flag without what it refers to, or the marker before the data.
 */

const { rowsOf, getRow } = require('../support/dynamodb');

const SEGMENT_MATCH = 'segmentMatch';

/**
 * @param {any} scene
 * @param {{whole?: string[]}} [expected] the keys of the flags that have to be there with the marker
 * @returns {() => Promise<{looks: number, faults: string[]}>} ends it
 */
function watch(scene, { whole = [] } = {}) {
  let isOver = false;
  let looks = 0;
  const faults = [];
  const look = async () => {
    // What is referred to is written first: so it is read last.
    const marker = await getRow(scene.engine, scene.table, '$inited', '$inited');
    const flags = items(await rowsOf(scene.engine, scene.table, 'features'));
    const segments = items(await rowsOf(scene.engine, scene.table, 'segments'));
    const later = items(await rowsOf(scene.engine, scene.table, 'features'));
    for (const flag of flags.values()) {
      for (const key of segmentsOf(flag)) {
        if (!segments.has(key)) faults.push(`${flag.key} without the segment ${key}`);
      }
      for (const { key } of flag.prerequisites || []) {
        if (!later.has(key)) faults.push(`${flag.key} without the flag ${key}`);
      }
    }
    if (marker && whole.some((key) => !flags.has(key))) faults.push('the marker before the data');
    looks += 1;
  };
  const looking = (async () => {
    while (!isOver) await look();
  })();
  return async () => {
    isOver = true;
    await looking;
    return { looks, faults };
  };
}

function items(rows) {
  return new Map(rows.map((row) => [row.key.S, JSON.parse(row.item.S)]));
}

function segmentsOf(flag) {
  const clauses = (flag.rules || []).flatMap((rule) => rule.clauses);
  return clauses.filter(({ op }) => op === SEGMENT_MATCH).flatMap(({ values }) => values);
}

module.exports = { watch };
