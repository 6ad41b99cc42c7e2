'use strict';

/**
 * The report of `check` as text.
 */

const { kindName, underPrefix } = require('./names');
const { printable } = require('./package');
const { Style, columns, counted, grouped, wrapped } = require('./text');

/**
 * @typedef {object} Report
 * @property {string} table
 * @property {any} caller
 * @property {any} description `null` if it could not be read
 * @property {any} [content] absent if it could not be read
 * @property {string[]} problems
 * @property {import('./failure').Step[]} steps
 */

/**
 * @param {Report} report
 * @returns {string}
 */
function reported({ table, caller, description, content, problems, steps }) {
  const style = new Style(process.stdout);
  const name = JSON.stringify(table);
  const verdict =
    problems.length > 0
      ? problems.map((problem) => style.wrong(printable(problem)))
      : [style.right(`All is well: stores can use the table ${printable(name)}.`)];
  const sections = [
    verdict,
    tableLines(table, caller, description),
    ...(content ? contentSections(content, style) : []),
    [style.steps(steps)],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/**
 * @param {string} table
 * @param {any} caller
 * @param {any} description
 */
function tableLines(table, caller, description) {
  const { region, endpoint, accessKeyId } = caller;
  return indented([
    ['table', table],
    ['region', region],
    ['endpoint', endpoint],
    ['access key', accessKeyId],
    ...(description ? descriptionRows(description) : [['status', 'takes dynamodb:DescribeTable']]),
  ]);
}

/**
 * @param {any} description
 * @returns {string[][]}
 */
function descriptionRows(description) {
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
 * @param {Style} style
 * @returns {string[][]} groups of lines
 */
function contentSections({ prefixes, others }, style) {
  if (prefixes.length === 0 && others.length === 0) return [];
  const titled = (/** @type {string} */ title, /** @type {string[]} */ lines) =>
    lines.length > 0 ? [style.heading(title), ...lines] : [];
  const some = prefixes.length > 0;
  return [
    titled('Rows', some ? indented(rowCounts(prefixes)) : []),
    titled('Capacity units', some ? [...indented(costs(prefixes)), ...COST_NOTES] : []),
    titled('Rows that need attention', prefixes.flatMap(rowsInNeed)),
    titled(
      'Rows of other programs',
      others.map((/** @type {any} */ { namespace, rows }) =>
        wrapped(`${counted(rows, 'row')} in ${printable(JSON.stringify(namespace))}`, '  ')
      )
    ),
  ];
}

/**
 * @param {any[]} prefixes
 * @returns {string[][]}
 */
function rowCounts(prefixes) {
  const hasBigSegments = prefixes.some(({ bigSegments: { synchronized, memberships } }) =>
    Boolean(synchronized || memberships)
  );
  const head = ['prefix', 'initialised', 'flags', 'segments', 'tombstones', 'bytes'];
  const rows = prefixes.map((each) => [
    prefixName(each),
    each.initialized ? 'yes' : 'no',
    ...[each.flags, each.segments, each.tombstones, each.bytes].map(grouped),
    ...(hasBigSegments ? [bigSegments(each.bigSegments)] : []),
  ]);
  return [[...head, ...(hasBigSegments ? ['big segments'] : [])], ...rows];
}

/**
 * @param {{synchronized: boolean, memberships: number}} report
 */
function bigSegments({ synchronized, memberships }) {
  if (memberships > 0) return counted(memberships, 'context');
  return synchronized ? 'yes' : '-';
}

const COST_NOTES = [
  wrapped(
    'A full init reads what is there and writes every row. An init with unchanged data writes none.',
    '  '
  ),
];

/**
 * @param {any[]} prefixes
 * @returns {string[][]}
 */
function costs(prefixes) {
  const rows = prefixes.map((each) => [
    prefixName(each),
    ...[each.preload.readUnits, each.init.readUnits, each.init.writeUnits].map(grouped),
  ]);
  return [['prefix', 'preload, read', 'full init, read', 'full init, write'], ...rows];
}

/**
 * @param {any} prefixReport
 * @returns {string[]}
 */
function rowsInNeed({ large, unreadable }) {
  const lines = [
    ...unreadable.rows.map(
      (/** @type {any} */ row) => `${rowName(row)} can't be read: ${row.reason}`
    ),
    ...large.rows.map(
      (/** @type {any} */ row) =>
        `${rowName(row)} has ${Math.floor(row.share * 100)}% of the size limit (${grouped(row.bytes)} bytes)`
    ),
    ...[unreadable, large]
      .filter(({ count, rows }) => count > rows.length)
      .map(({ count, rows }) => `and ${counted(count - rows.length, 'further row')}`),
  ];
  return lines.map((line) => wrapped(printable(line), '  '));
}

/**
 * @param {{namespace: string, key: string}} row
 */
function rowName({ namespace, key }) {
  const at = namespace.lastIndexOf(':');
  const prefix = at < 0 ? '' : namespace.slice(0, at);
  const kind = kindName(namespace.slice(at + 1));
  return `the ${kind} ${JSON.stringify(key)} ${underPrefix(prefix)}`;
}

/**
 * @param {{prefix: string}} report
 */
function prefixName({ prefix }) {
  return prefix === '' ? '(none)' : prefix;
}

/**
 * @param {string[][]} rows
 */
function indented(rows) {
  return columns(rows.map((row) => row.map(printable))).map((line) => `  ${line}`);
}

/**
 * @param {any} description
 */
function billing({ billing: how }) {
  if (how === 'on-demand') return how;
  return `${grouped(how.read)} read and ${grouped(how.write)} write units a second`;
}

module.exports = { billing, reported };
