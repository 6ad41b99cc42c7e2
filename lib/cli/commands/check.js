'use strict';

/**
 * Checks whether a table can be used, and reports what is in it.
 *
 * @typedef {import('../arguments').Values} Values
 */

const { commandLine } = require('../command-line');
const { FAILURE, FINDING, SUCCESS } = require('../exit-codes');
const { findingsOf } = require('../findings');
const { print, printJson } = require('../output');
const { Progress } = require('../progress');
const { reported } = require('../report');
const { Table } = require('../table');

/**
 * @param {Values} values
 * @returns {Promise<number>}
 */
async function check(values) {
  const table = new Table(values);
  const caller = await table.caller();
  const description = await table.describe().catch((failure) => {
    // Users who only read flags may lack this permission.
    if (failure.code !== 'ACCESS_DENIED') throw failure;
  });
  const { hasRightKeys = true, status = 'ACTIVE', rows = 0 } = description || {};
  const isUsable = hasRightKeys && status === 'ACTIVE';
  const content = isUsable ? await contentOf(table, rows) : undefined;
  const findings = await findingsOf(values, description, content);
  const report = {
    table: values.table,
    caller: { ...caller, accessKeyId: masked(caller.accessKeyId) },
    description: description || null,
    content,
    problems: findings.map(({ problem }) => problem),
    steps: findings.length > 0 ? findings.flatMap(({ steps }) => steps) : whatNow(values),
  };
  if (values.json) await printJson(report);
  else await print(reported(report));
  if (!isUsable) return FAILURE;
  return findings.length > 0 ? FINDING : SUCCESS;
}

/**
 * @param {Table} table
 * @param {number} known about how many rows it has
 */
async function contentOf(table, known) {
  const progress = new Progress();
  const about = known > 0 ? ` of about ${known}` : '';
  try {
    return await table.inspect((rows) => progress.show(`${rows} rows${about} read`));
  } finally {
    progress.end();
  }
}

/**
 * @param {Values} values
 */
function whatNow(values) {
  const { prefix = '' } = values;
  const options = prefix === '' ? '' : `, { prefix: ${JSON.stringify(prefix)} }`;
  const call = `DynamoDBFeatureStore(${JSON.stringify(values.table)}${options})`;
  const more = prefix === '' ? [] : ['--prefix', prefix];
  return [
    { text: `Use it: ${call}` },
    { text: 'Or see its flags', command: commandLine(values, 'list', more) },
  ];
}

/**
 * @param {string} id of an access key
 * @returns {string} the start and end of the id, enough to recognise it
 */
function masked(id) {
  return id.length > 8 ? `${id.slice(0, 4)}…${id.slice(-4)}` : `${id.slice(0, 1)}…`;
}

module.exports = { check };
