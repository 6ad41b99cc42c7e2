'use strict';

/**
 * Brings a prefix to the content of a flag file.
 *
 * @typedef {import('../arguments').Values} Values
 */

const { SUCCESS } = require('../exit-codes');
const { Failure } = require('../failure');
const { flagFileJson, readFlagFile } = require('../flag-file');
const { print, printJson } = require('../output');
const { printable } = require('../package');
const { announce, done, inDetail, rowName } = require('../plan');
const { Progress } = require('../progress');
const { Table } = require('../table');
const { Style } = require('../text');

/** A file replaces whatever is there. That it is not empty is checked before. */
const RULES = { allowOlder: true, allowEmpty: true };

/**
 * @param {Values} values
 * @returns {Promise<number>}
 */
async function importFlags(values) {
  const { prefix = '', file = '', json, dryRun = false } = values;
  const content = flagFileJson(readFlagFile(file));
  const table = new Table({ ...values, prefix });
  const { region, endpoint } = await table.caller();
  const place = { table: values.table, prefix, region, endpoint };
  const plan = await table.plan(content, RULES);
  if (plan.tooLarge.length > 0) throw tooLarge(file, plan.tooLarge);
  if (dryRun) {
    if (json) await printJson({ ...place, dryRun, ...plan });
    else await print(inDetail(plan, place));
    return SUCCESS;
  }
  announce(plan, place);
  const { put, deleted, unchanged } = await written(table, content);
  if (json) await printJson({ ...place, put, deleted, unchanged });
  else await print(new Style(process.stdout).right(done({ put, deleted, unchanged })));
  return SUCCESS;
}

/**
 * @param {Table} table
 * @param {string} content
 */
async function written(table, content) {
  const progress = new Progress();
  progress.show('writing');
  try {
    return await table.sync(content, RULES);
  } catch (/** @type {any} */ failure) {
    failure.message = failure.message.replace('Sync again', 'Import again');
    throw failure;
  } finally {
    progress.end();
  }
}

/**
 * @param {string} file
 * @param {import('../plan').Row[]} rows
 */
function tooLarge(file, rows) {
  const others = rows.length > 1 ? ` and ${rows.length - 1} more` : '';
  const message = `file ${JSON.stringify(file)}: the ${rowName(rows[0])}${others} would be over the size limit`;
  return new Failure(printable(message), [
    { text: 'Use segments or rules in the place of long lists of targets' },
  ]);
}

module.exports = { importFlags };
