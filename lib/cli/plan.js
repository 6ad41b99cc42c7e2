'use strict';

/**
 * What an import or a sync would write, in words.
 *
 * @typedef {{namespace: string, key: string, version: number | null, was: number | null}} Row `was` is the version in
 *   the table
 * @typedef {{puts: Row[], deletes: Row[], newer: Row[], tooLarge: Row[], unchanged: number, marker: boolean}} Plan
 *   `newer` are rows that stay because the table has higher versions
 * @typedef {{table: string, prefix: string, region: string, endpoint: string}} Place
 */

const { keyName, kindName, placeName } = require('./names');
const { printable } = require('./package');
const { Style, columns, counted, grouped, wrapped } = require('./text');

/**
 * Names what is going to be written on standard error: in one line, or on a terminal in a paragraph.
 *
 * @param {Plan} plan
 * @param {Place} place
 */
function announce(plan, place) {
  const text = numbers('Writes to', plan, place);
  console.error(process.stderr.isTTY ? wrapped(text) : text);
}

/**
 * @param {string} begin
 * @param {Plan} plan
 * @param {Place} place
 * @returns {string} which table is written, and how many rows
 */
function numbers(begin, { puts, deletes, newer, tooLarge, unchanged, marker }, place) {
  const parts = [
    counted(puts.length, 'put'),
    counted(deletes.length, 'delete'),
    `${counted(unchanged, 'row')} unchanged`,
    ...(newer.length > 0 ? [`${counted(newer.length, 'row')} newer in the table`] : []),
    ...(tooLarge.length > 0 ? [`${counted(tooLarge.length, 'row')} too large`] : []),
    ...(marker ? ['and the init marker'] : []),
  ];
  return printable(`${begin} ${placeName(place)}: ${parts.join(', ')}.`);
}

/**
 * @param {Plan} plan
 * @param {Place} place
 * @returns {string} what would be written, with a line for each row
 */
function inDetail(plan, place) {
  const { puts, deletes, newer, tooLarge } = plan;
  const rows = [
    ...puts.map((row) => cellsOf('put', row)),
    ...deletes.map((row) => cellsOf('delete', row)),
    ...newer.map((row) => cellsOf('none, newer', row)),
    ...tooLarge.map((row) => cellsOf('none, too large', row)),
  ];
  const summary = wrapped(numbers('Would write to', plan, place));
  if (rows.length === 0) return summary;
  const [head, ...lines] = columns([['write', 'kind', 'key', 'in the table', 'new'], ...rows]);
  const heading = new Style(process.stdout).heading(head);
  return [summary, '', heading, ...lines].join('\n');
}

/**
 * @param {{put: number, deleted: number, unchanged: number}} result
 * @returns {string} what was written
 */
function done({ put, deleted, unchanged }) {
  return `${counted(put, 'row')} put, ${grouped(deleted)} deleted, ${grouped(unchanged)} unchanged.`;
}

/**
 * @param {Row} row
 * @returns {string} the kind and the key
 */
function rowName({ namespace, key }) {
  return `${kindOf(namespace)} ${JSON.stringify(key)}`;
}

/**
 * @param {string} namespace
 */
function kindOf(namespace) {
  return kindName(namespace.slice(namespace.lastIndexOf(':') + 1));
}

/**
 * @param {string} write
 * @param {Row} row
 */
function cellsOf(write, { namespace, key, version, was }) {
  const [before, after] = [was, version].map((number) => (number === null ? '-' : String(number)));
  return [write, kindOf(namespace), keyName(key), before, after];
}

module.exports = { announce, done, inDetail, rowName };
