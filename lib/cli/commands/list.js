'use strict';

/**
 * Lists flags and segments.
 *
 * @typedef {import('../arguments').Values} Values
 */

const { SUCCESS } = require('../exit-codes');
const { keyName, kindName } = require('../names');
const { print, printJson } = require('../output');
const { printable } = require('../package');
const { stepsElsewhere } = require('../prefixes');
const { Table } = require('../table');
const { Style, columns, grouped, notice } = require('../text');

/**
 * @param {Values} values
 * @returns {Promise<number>}
 */
async function list(values) {
  const table = new Table({ ...values, prefix: values.prefix || '' });
  const kinds = values.kind ? [values.kind] : ['features', 'segments'];
  /** @type {any[]} */
  const items = [];
  for (const kind of kinds) {
    for (const item of await table.list(kind)) items.push({ kind: kindName(kind), ...item });
  }
  if (values.json) await printJson(items);
  else if (items.length > 0) await print(listed(items));
  else await nothing(values);
  return SUCCESS;
}

/**
 * @param {any[]} items
 * @returns {string}
 */
function listed(items) {
  const rows = items.map(({ kind, key, version, deleted, on, bytes, unreadable }) => [
    kind,
    keyName(key),
    version === undefined ? '' : String(version),
    printable(state(deleted, on, unreadable)),
    grouped(bytes),
  ]);
  const [head, ...lines] = columns([['kind', 'key', 'version', 'state', 'bytes'], ...rows]);
  return [new Style(process.stdout).heading(head), ...lines].join('\n');
}

/**
 * @param {boolean} deleted
 * @param {boolean | null} on
 * @param {string} [unreadable]
 */
function state(deleted, on, unreadable) {
  if (unreadable) return `can't be read: ${unreadable}`;
  if (deleted) return 'deleted';
  if (on === null) return '-';
  return on ? 'on' : 'off';
}

/**
 * @param {Values} values
 */
async function nothing(values) {
  await print('There are none.');
  const steps = await stepsElsewhere(values, 'list');
  console.error(notice(process.stderr, '', steps));
}

module.exports = { list };
