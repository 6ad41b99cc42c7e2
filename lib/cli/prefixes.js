'use strict';

/**
 * Where the rows are, if they are not under the prefix that was named.
 *
 * @typedef {import('./arguments').Values} Values
 * @typedef {import('./failure').Step} Step
 */

const { commandLine } = require('./command-line');
const { Failure } = require('./failure');
const { underPrefix } = require('./names');
const { printable } = require('./package');
const { Table } = require('./table');

/** How many prefixes are named. */
const MOST_NAMED = 10;

/**
 * Reads one page of the table, at most 1 MB, which takes up to 128 read units.
 *
 * @param {Values} values
 * @returns {Promise<{prefixes: string[], isAll: boolean} | undefined>} the prefixes in the page, and whether there are
 *   no further pages; `undefined` if it can't be read, as without the permission
 */
async function readPrefixes(values) {
  const table = new Table({ ...values, prefix: undefined });
  try {
    const { done } = await table.inspectPage();
    const { prefixes } = table.report();
    return { prefixes: prefixes.map((/** @type {any} */ { prefix }) => prefix), isAll: done };
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    return undefined;
  }
}

/**
 * @param {Values} values
 * @param {'check' | 'list'} command the one that shows what is under a prefix
 * @returns {Promise<Step[]>} what to do if something was not found under the prefix
 */
async function stepsElsewhere(values, command) {
  const { prefix = '' } = values;
  const all = commandLine({ ...values, prefix: undefined }, 'check');
  const found = await readPrefixes(values);
  if (!found) return [{ text: 'See which prefixes there are (takes dynamodb:Scan)', command: all }];
  const { prefixes, isAll } = found;
  const shown = prefixes.includes(prefix) ? prefix : prefixes[0];
  const isThere = shown === prefix;
  const more = isAll || isThere ? [] : [{ text: 'See all prefixes', command: all }];
  if (shown === undefined) {
    return isAll
      ? [{ text: 'No prefix has any rows. See whether it is the right table', command: all }]
      : more;
  }
  const text = isThere ? 'See what is there' : named(prefixes, isAll);
  const options = command === 'list' && shown === '' ? [] : ['--prefix', shown];
  return [{ text, command: commandLine(values, command, options) }, ...more];
}

/**
 * @param {string[]} prefixes
 * @param {boolean} isAll
 */
function named(prefixes, isAll) {
  const places = prefixes.slice(0, MOST_NAMED).map((prefix) => printable(underPrefix(prefix)));
  const others = isAll && prefixes.length <= MOST_NAMED ? '' : ', and elsewhere';
  return `There are rows ${places.join(', ')}${others}`;
}

module.exports = { stepsElsewhere };
