'use strict';

/**
 * Brings a prefix to the content of a flag file.
 *
 * @typedef {import('../arguments').Values} Values
 */

const { SUCCESS } = require('../exit-codes');
const { readFlagFile } = require('../flag-file');
const { print, printJson } = require('../output');
const { announced, listed } = require('../plan');
const { Table } = require('../table');

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
    else
      await print(
        [
          announced(plan, place),
          ...(plan.puts.length + plan.deletes.length > 0 ? ['', listed(plan)] : []),
        ].join('\n')
      );
    return SUCCESS;
  }
  console.error(announced(plan, place));
  return SUCCESS;
}

module.exports = { importFlags };
