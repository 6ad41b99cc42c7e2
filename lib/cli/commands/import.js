'use strict';

/**
 * Brings a prefix to the content of a flag file.
 *
 * @typedef {import('../arguments').Values} Values
 */

const { SUCCESS } = require('../exit-codes');
const { readFlagFile } = require('../flag-file');
const { print, printJson } = require('../output');
const { announced, done, inDetail } = require('../plan');
const { Table } = require('../table');
const { Style } = require('../text');

/**
 * @param {Values} values
 * @returns {Promise<number>}
 */
async function importFlags(values) {
  const { prefix = '', file = '', json, dryRun = false } = values;
  const content = readFlagFile(file);
  const table = new Table({ ...values, prefix });
  const { region, endpoint } = await table.caller();
  const place = { table: values.table, prefix, region, endpoint };
  const plan = await table.plan(content);
  if (dryRun) {
    if (json) await printJson({ ...place, dryRun, ...plan });
    else await print(inDetail(plan, place));
    return SUCCESS;
  }
  console.error(announced(plan, place));
  await table.replace(content);
  const result = { put: plan.puts.length, deleted: plan.deletes.length, unchanged: plan.unchanged };
  if (json) await printJson({ ...place, ...result });
  else await print(new Style(process.stdout).right(done(result)));
  return SUCCESS;
}

module.exports = { importFlags };
