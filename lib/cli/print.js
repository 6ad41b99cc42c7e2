'use strict';

/**
 * Prints results, as text or as JSON.
 */

const { printable } = require('../native/addon');

/**
 * @param {boolean | undefined} asJson
 * @param {any} value
 * @param {() => string} toText
 */
function output(asJson, value, toText) {
  const text = () => toText().split('\n').map(printable).join('\n');
  console.log(asJson ? JSON.stringify(value, undefined, 2) : text());
}

/**
 * @param {string} table
 * @param {any} description
 */
function created(table, description) {
  return `The table ${JSON.stringify(table)} is ready (${billing(description)}).`;
}

/**
 * @param {{table: string, caller: any, description: any, content?: any, problems: string[]}} report
 * @returns {string}
 */
function checked({ table, caller, description, content, problems }) {
  const lines = columns([
    ['table', table],
    ['region', caller.region],
    ['access key', masked(caller.accessKeyId)],
    ...(description
      ? descriptionLines(description)
      : [['status', 'not known without dynamodb:DescribeTable']]),
  ]);
  const about = content ? contentLines(content) : [];
  if (about.length > 0) lines.push('', ...about);
  lines.push('', ...(problems.length > 0 ? problems : ['All is well.']));
  return lines.join('\n');
}

/**
 * @param {any} description
 * @returns {string[][]}
 */
function descriptionLines(description) {
  const keys = description.keys.map(
    (/** @type {any} */ { name, role, type }) => `${name} (${role}, ${type})`
  );
  return [
    ['status', description.status],
    ['capacity', billing(description)],
    ['keys', `${keys.join(', ')}: ${description.hasRightKeys ? 'right' : 'wrong'}`],
  ];
}

/**
 * @param {any} content
 * @returns {string[]}
 */
function contentLines(content) {
  /** @type {any[]} */
  const prefixes = content.prefixes;
  const rows = prefixes.map((each) => [
    each.prefix === '' ? '(none)' : each.prefix,
    each.initialized ? 'yes' : 'no',
    ...[each.flags, each.segments, each.tombstones].map(counted),
    counted(each.bytes),
    `${counted(each.fullLoadReadUnits)} read ${each.fullLoadReadUnits === 1 ? 'unit' : 'units'}`,
    bigSegments(each.bigSegments),
  ]);
  const head = ['prefix', 'initialised', 'flags', 'segments', 'deleted', 'bytes', 'full load'];
  const lines = rows.length > 0 ? columns([[...head, 'big segments'], ...rows]) : [];
  for (const { namespace, rows: count } of content.others) {
    lines.push(`${rowCount(count)} in ${JSON.stringify(namespace)}, of another program`);
  }
  const named = (/** @type {any} */ { key, namespace }) =>
    `${JSON.stringify(key)} in ${JSON.stringify(namespace)}`;
  for (const { unreadable, large } of prefixes) {
    for (const row of unreadable.rows) lines.push(`${named(row)} can't be read: ${row.reason}`);
    for (const row of large.rows) {
      const share = `${Math.floor(row.share * 100)}% of what LaunchDarkly SDKs store`;
      lines.push(`${named(row)} takes ${counted(row.bytes)} bytes, ${share}`);
    }
  }
  return lines;
}

/**
 * @param {{synchronized: boolean, memberships: number}} report
 */
function bigSegments({ synchronized, memberships }) {
  if (memberships > 0)
    return `${counted(memberships)} ${memberships === 1 ? 'context' : 'contexts'}`;
  return synchronized ? 'yes' : '-';
}

/**
 * @param {any[]} items
 * @returns {string}
 */
function listed(items) {
  if (items.length === 0) return 'There are none.';
  const rows = items.map(({ kind, key, version, deleted, on, bytes, unreadable }) => [
    kind,
    plain(key),
    version === undefined ? '' : String(version),
    state(deleted, on, unreadable),
    counted(bytes),
  ]);
  return columns([['kind', 'key', 'version', 'state', 'bytes'], ...rows]).join('\n');
}

/**
 * @param {string} key
 * @returns {string} the key on one line, quoted if necessary
 */
function plain(key) {
  const quoted = JSON.stringify(key);
  return quoted === `"${key}"` ? key : quoted;
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
 * @param {string[][]} texts
 * @returns {string[]} lines with aligned columns
 */
function columns(texts) {
  const rows = texts.map((row) => row.map(printable));
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] + 2))
      .join('')
      .trimEnd()
  );
}

/**
 * @param {any} description
 */
function billing({ billing: how }) {
  if (how === 'on-demand') return how;
  return `${how.read} read and ${how.write} write units a second`;
}

/**
 * @param {string} id of an access key
 * @returns {string} the start and end of the id, enough to recognise it
 */
function masked(id) {
  return id.length > 8 ? `${id.slice(0, 4)}…${id.slice(-4)}` : `${id.slice(0, 1)}…`;
}

/**
 * @param {number} count
 */
function rowCount(count) {
  return count === 1 ? '1 row' : `${counted(count)} rows`;
}

/**
 * @param {number} number
 */
function counted(number) {
  return number.toLocaleString('en-US');
}

/**
 * @param {string} kind
 */
function kindName(kind) {
  return kind === 'segments' ? 'segment' : 'flag';
}

module.exports = { checked, created, kindName, listed, output, rowCount };
