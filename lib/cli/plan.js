'use strict';

/**
 * What an init would write, in words.
 *
 * @typedef {{namespace: string, key: string, version: number | null, was: number | null}} Row `was` is the version in
 *   the table
 * @typedef {{puts: Row[], deletes: Row[], unchanged: number, marker: boolean}} Plan
 */

const { keyName, kindName, placeName } = require('./names');
const { printable } = require('./package');
const { Style, columns, counted, grouped, wrapped } = require('./text');

/**
 * @param {Plan} plan
 * @param {Parameters<typeof placeName>[0]} place
 * @returns {string} which table is written, and how many rows
 */
function announced({ puts, deletes, unchanged, marker }, place) {
  const parts = [
    counted(puts.length, 'put'),
    counted(deletes.length, 'delete'),
    `${counted(unchanged, 'row')} unchanged`,
    ...(marker ? ['and the init marker'] : []),
  ];
  return wrapped(printable(`To write to ${placeName(place)}: ${parts.join(', ')}.`));
}

/**
 * @param {Plan} plan
 * @param {Parameters<typeof placeName>[0]} place
 * @returns {string} the same, and a line for each row
 */
function inDetail(plan, place) {
  const { puts, deletes } = plan;
  const rows = [
    ...puts.map((row) => cellsOf('put', row)),
    ...deletes.map((row) => cellsOf('delete', row)),
  ];
  if (rows.length === 0) return announced(plan, place);
  const [head, ...lines] = columns([['write', 'kind', 'key', 'in the table', 'new'], ...rows]);
  const heading = new Style(process.stdout).heading(head);
  return [announced(plan, place), '', heading, ...lines].join('\n');
}

/**
 * @param {{put: number, deleted: number, unchanged: number}} result
 * @returns {string} what an init has written
 */
function done({ put, deleted, unchanged }) {
  return `${counted(put, 'row')} put, ${grouped(deleted)} deleted, ${grouped(unchanged)} unchanged.`;
}

/**
 * @param {string} write
 * @param {Row} row
 */
function cellsOf(write, { namespace, key, version, was }) {
  const kind = kindName(namespace.slice(namespace.lastIndexOf(':') + 1));
  const [before, after] = [was, version].map((number) => (number === null ? '-' : String(number)));
  return [write, kind, keyName(key), before, after];
}

module.exports = { announced, done, inDetail };
