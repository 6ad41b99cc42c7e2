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
 * @property {string | null} profile the one that was named
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
const { Failure, UsageError } = require('../failure');
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
  const [one, other] = tablesOf(values);
  const table = new Table(one);
  const otherTable = await ofOther(async () => new Table(other));
  const [caller, otherCaller] = [await table.caller(), await ofOther(() => otherTable.caller())];
  if (isSame(one, caller, other, otherCaller)) throw sameSides();
  const first = await sideOf(table, caller);
  const second = await ofOther(() => sideOf(otherTable, otherCaller));
  const sides = [first, second];
  const ours = await readItems(table);
  const theirs = await ofOther(() => readItems(otherTable));
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
 * @typedef {{region: string, endpoint: string, accessKeyId: string}} Caller
 *
 * @param {Values} one
 * @param {Caller} caller
 * @param {Values} other
 * @param {Caller} otherCaller
 * @returns {boolean} whether both are the same rows; other credentials may be those of another account
 */
function isSame(one, caller, other, otherCaller) {
  const names = /** @type {(keyof Caller)[]} */ (['region', 'endpoint', 'accessKeyId']);
  return (
    one.table === other.table &&
    one.prefix === other.prefix &&
    names.every((name) => caller[name] === otherCaller[name])
  );
}

/**
 * Runs work on the second table, whose options have other names.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function ofOther(work) {
  const named = (/** @type {string} */ text) =>
    text.replace(/--(?=(?:endpoint|profile|region)\b)/g, '--other-');
  try {
    return await work();
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    failure.message = named(failure.message);
    failure.steps = failure.steps.map((step) => ({ ...step, text: named(step.text) }));
    throw failure;
  }
}

/**
 * @param {Table} table
 * @param {Caller} caller
 * @returns {Promise<Side>}
 */
async function sideOf(table, { region, endpoint }) {
  const { table: name, prefix = '', profile = null } = table.values;
  const initialized = await table.isInitialized();
  return { table: name, prefix, region, endpoint, profile, initialized };
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
  // Both may be empty because their names are wrong.
  const note = sides[0].initialized ? '' : ' Neither is initialised.';
  const verdict = new Style(process.stdout).right(`They are equal: ${what}.${note}`);
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
  const named = (/** @type {Side} */ side) =>
    side.profile === null ? '' : `, with the profile ${JSON.stringify(side.profile)}`;
  return [
    wrapped(printable(`First: ${placeName(first)}${named(first)}.`)),
    wrapped(printable(`Second: ${placeName(second)}${named(second)}.`)),
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
