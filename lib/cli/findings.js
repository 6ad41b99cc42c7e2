'use strict';

/**
 * What in a table needs attention.
 *
 * @typedef {import('./arguments').Values} Values
 * @typedef {{problem: string, steps: import('./failure').Step[]}} Finding
 */

const { commandLine } = require('./command-line');
const { newTable } = require('./explain');
const { underPrefix } = require('./names');
const { stepsElsewhere } = require('./prefixes');
const { counted } = require('./text');

/**
 * @param {Values} values
 * @param {any} description `undefined` if it could not be read
 * @param {any} content `undefined` if the table can't be used
 * @returns {Promise<Finding[]>}
 */
async function findingsOf(values, description, content) {
  if (description && !description.hasRightKeys) return [wrongKeys(values)];
  if (!content) return [notReady(values, description)];
  const used = content.prefixes.filter(
    (/** @type {any} */ { flags, segments, initialized }) => flags + segments > 0 || initialized
  );
  const nothing = used.length === 0 ? [await empty(values)] : [];
  return [...nothing, ...inPrefixes(values, content.prefixes)];
}

/**
 * @param {Values} values
 * @returns {Finding}
 */
function wrongKeys(values) {
  const problem =
    `The table ${JSON.stringify(values.table)} has other keys: stores need the partition key ` +
    '"namespace" and the sort key "key", both strings.';
  return { problem, steps: [newTable(values)] };
}

/**
 * @param {Values} values
 * @param {any} description
 * @returns {Finding}
 */
function notReady(values, { status }) {
  return {
    problem: `The table ${JSON.stringify(values.table)} can't be used now: it is ${status}.`,
    steps: [{ text: 'Check it again later', command: commandLine(values, 'check') }],
  };
}

/**
 * @param {Values} values
 * @returns {Promise<Finding>}
 */
async function empty(values) {
  const { prefix } = values;
  const place = prefix === undefined ? '' : ` ${underPrefix(prefix)}`;
  const problem = `There are no flags in the table ${JSON.stringify(values.table)}${place}.`;
  const written = {
    text:
      'Start a process whose SDK connects to LaunchDarkly with this table and prefix, or a Relay Proxy; ' +
      'or correct the table, the region or the prefix',
  };
  const elsewhere = prefix === undefined ? [] : await stepsElsewhere(values, 'check');
  return { problem, steps: [...elsewhere, written] };
}

/**
 * @param {Values} values
 * @param {any[]} prefixes
 * @returns {Finding[]}
 */
function inPrefixes(values, prefixes) {
  const every = prefixes.flatMap((each) => inPrefix(each));
  // One step is enough for the same problem of several prefixes.
  const told = new Set();
  return every.map(({ problem, text, hasCommand }) => {
    const steps = told.has(text)
      ? []
      : [{ text, ...(hasCommand && { command: commandLine(values, 'check') }) }];
    told.add(text);
    return { problem, steps };
  });
}

/**
 * @param {any} report of one prefix
 * @returns {{problem: string, text: string, hasCommand?: boolean}[]}
 */
function inPrefix({ prefix, initialized, flags, segments, unreadable, large }) {
  const place = underPrefix(prefix);
  const findings = [];
  if (!initialized && flags + segments > 0) {
    findings.push({
      problem: `What is ${place} was never initialised, or is being just now.`,
      text: 'When the SDK or Relay Proxy that writes it has connected, check again',
      hasCommand: true,
    });
  }
  if (unreadable.count > 0) {
    findings.push({
      problem: `${counted(unreadable.count, 'row')} ${place} can't be read.`,
      text: "Correct or delete rows that can't be read; the next change in LaunchDarkly also corrects them",
    });
  }
  if (large.count > 0) {
    findings.push({
      problem: `${counted(large.count, 'row')} ${place} ${large.count === 1 ? 'is' : 'are'} near or over the size limit.`,
      text: 'Make large items smaller: use segments or rules in the place of long lists of targets',
    });
  }
  return findings;
}

module.exports = { findingsOf };
