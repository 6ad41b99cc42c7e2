'use strict';

/**
 * Compares the flags and segments of two tables or prefixes.
 *
 * @typedef {import('../arguments').Values} Values
 *
 * @typedef {object} Side
 * @property {string} table
 * @property {string} prefix
 * @property {string} region
 * @property {string} endpoint
 * @property {boolean} initialized
 *
 * @typedef {object} Difference
 * @property {'flag' | 'segment'} kind
 * @property {string} key
 * @property {number | null} first the version there; `null` if it is not there or can't be read
 * @property {number | null} second
 * @property {string} difference
 */

const { FINDING, SUCCESS } = require('../exit-codes');
const { UsageError } = require('../failure');
const { readItems } = require('../items');
const { keyName, kindName, placeName } = require('../names');
const { print, printJson } = require('../output');
const { printable, sameContent } = require('../package');
const { Table } = require('../table');
const { Style, columns, counted, wrapped } = require('../text');

/**
 * @param {Values} values
 * @returns {Promise<number>}
 */
async function diff(values) {
  const tables = tablesOf(values).map((side) => new Table(side));
  const sides = [];
  for (const table of tables) sides.push(await sideOf(table));
  const [first, second] = sides;
  if (PLACE.every((name) => first[name] === second[name])) throw sameSides();
  const [ours, theirs] = [await readItems(tables[0]), await readItems(tables[1])];
  const differences = [
    ...differencesOf('features', ours.features, theirs.features),
    ...differencesOf('segments', ours.segments, theirs.segments),
  ];
  const equal = differences.length === 0 && first.initialized === second.initialized;
  if (values.json) await printJson({ equal, first, second, differences });
  else if (equal) await print(same(sides, ours));
  else await print(compared(sides, differences));
  return equal ? SUCCESS : FINDING;
}

/** @type {(keyof Side)[]} */
const PLACE = ['table', 'prefix', 'region', 'endpoint'];

/**
 * @param {Values} values
 * @returns {Values[]} the arguments for each of the tables; the second takes from the first what it has no option for
 */
function tablesOf(values) {
  const { other = '', otherPrefix, otherEndpoint, otherRegion, otherProfile } = values;
  const { prefix = '', endpoint, region, profile } = values;
  const second = {
    table: other,
    prefix: otherPrefix === undefined ? prefix : otherPrefix,
    endpoint: otherEndpoint || endpoint,
    region: otherRegion || region,
    profile: otherProfile || profile,
  };
  return [{ ...values, prefix }, second];
}

/**
 * @param {Table} table
 * @returns {Promise<Side>}
 */
async function sideOf(table) {
  const { table: name, prefix = '' } = table.values;
  const { region, endpoint } = await table.caller();
  return { table: name, prefix, region, endpoint, initialized: await table.isInitialized() };
}

function sameSides() {
  return new UsageError(
    'both are the same: pass --other-prefix, --other-region, --other-endpoint or --other-profile, or another table'
  );
}

/**
 * @param {string} kind
 * @param {Map<string, any>} ours
 * @param {Map<string, any>} theirs
 * @returns {Difference[]} ordered by key
 */
function differencesOf(kind, ours, theirs) {
  const keys = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  return keys.flatMap((key) => {
    const [first, second] = [ours, theirs].map((items) => presentIn(items, key));
    const difference = differenceOf(first, second);
    if (difference === undefined) return [];
    return [
      {
        kind: kindName(kind),
        key,
        first: versionOf(first),
        second: versionOf(second),
        difference,
      },
    ];
  });
}

/**
 * @param {Map<string, any>} items
 * @param {string} key
 * @returns {any} the row; `undefined` if there is none, or only a tombstone, which readers don't tell from none
 */
function presentIn(items, key) {
  const item = items.get(key);
  return item && item.deleted ? undefined : item;
}

/**
 * @param {any} first
 * @param {any} second
 * @returns {string | undefined}
 */
function differenceOf(first, second) {
  if (!first && !second) return undefined;
  if (!second) return 'only in the first';
  if (!first) return 'only in the second';
  if (first.json === undefined || second.json === undefined) return "can't be read";
  const parts = [
    ...(first.version === second.version ? [] : ['version']),
    ...(first.json === second.json || sameContent(first.json, second.json) ? [] : ['content']),
  ];
  return parts.length > 0 ? parts.join(' and ') : undefined;
}

/**
 * @param {any} item
 */
function versionOf(item) {
  return item && item.version !== undefined ? item.version : null;
}

/**
 * @param {Side[]} sides
 * @param {import('../items').Items} items of both
 * @returns {string}
 */
function same(sides, { features, segments }) {
  const [flags, others] = [features, segments].map(
    (items) => [...items.keys()].filter((key) => presentIn(items, key)).length
  );
  const what = `${counted(flags, 'flag')} and ${counted(others, 'segment')}`;
  const verdict = new Style(process.stdout).right(`They are equal: ${what}.`);
  return [verdict, '', ...placesOf(sides)].join('\n');
}

/**
 * @param {Side[]} sides
 * @param {Difference[]} differences
 * @returns {string}
 */
function compared(sides, differences) {
  const style = new Style(process.stdout);
  return [
    ...verdicts(sides[0], sides[1], differences).map((text) => style.wrong(text)),
    '',
    ...placesOf(sides),
    ...(differences.length > 0 ? ['', ...listed(differences, style)] : []),
  ].join('\n');
}

/**
 * @param {Side[]} sides
 * @returns {string[]}
 */
function placesOf([first, second]) {
  return [
    wrapped(printable(`First: ${placeName(first)}.`)),
    wrapped(printable(`Second: ${placeName(second)}.`)),
  ];
}

/**
 * @param {Side} first
 * @param {Side} second
 * @param {Difference[]} differences
 * @returns {string[]}
 */
function verdicts(first, second, differences) {
  const count = (/** @type {string} */ kind) =>
    differences.filter((difference) => difference.kind === kind).length;
  const some = `${counted(count('flag'), 'flag')} and ${counted(count('segment'), 'segment')}`;
  const [is, isNot] = first.initialized ? ['first', 'second'] : ['second', 'first'];
  return [
    ...(differences.length > 0 ? [`They differ in ${some}.`] : []),
    ...(first.initialized === second.initialized
      ? []
      : [`The ${is} is initialised, the ${isNot} is not.`]),
  ];
}

/**
 * @param {Difference[]} differences
 * @param {Style} style
 * @returns {string[]}
 */
function listed(differences, style) {
  const rows = differences.map(({ kind, key, first, second, difference }) => [
    kind,
    keyName(key),
    ...[first, second].map((version) => (version === null ? '-' : String(version))),
    difference,
  ]);
  const [head, ...lines] = columns([['kind', 'key', 'first', 'second', 'difference'], ...rows]);
  return [style.heading(head), ...lines];
}

module.exports = { diff };
