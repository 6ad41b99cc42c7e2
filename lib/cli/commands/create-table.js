'use strict';

/**
 * Creates a table and waits until it is ready.
 *
 * @typedef {import('../arguments').Values} Values
 */

const { commandLine } = require('../command-line');
const { SUCCESS } = require('../exit-codes');
const { stepsForOtherKeys } = require('../explain');
const { Failure } = require('../failure');
const { print, printJson } = require('../output');
const { Progress } = require('../progress');
const { billing } = require('../report');
const { Table } = require('../table');
const { Style } = require('../text');

/** How often the state of a new table is read, in milliseconds. */
const POLL_MS = 1000;
/** The longest wait for a new table to become ready, in milliseconds. */
const MAX_CREATION_MS = 10 * 60_000;
/** DynamoDB's answers if a table exists, and while the backups of a new table are being set up. */
const [EXISTS, NO_BACKUPS_YET] = [
  'ResourceInUseException',
  'ContinuousBackupsUnavailableException',
];

/**
 * @param {Values} values
 * @returns {Promise<number>}
 */
async function createTable(values) {
  const table = new Table(values);
  const progress = new Progress();
  const deadline = Date.now() + MAX_CREATION_MS;
  const isNew = await created(table);
  let description;
  try {
    description = await whenReady(table, deadline, progress);
    if (isNew && values.pointInTimeRecovery) await withRecovery(table, deadline, progress);
  } finally {
    progress.end();
  }
  if (!description.hasRightKeys) throw wrongKeys(values);
  if (values.json) await printJson({ table: values.table, created: isNew, ...description });
  else await print(text(values, description, isNew));
  return SUCCESS;
}

/**
 * @param {Table} table
 * @returns {Promise<boolean>} whether it is new
 */
async function created(table) {
  try {
    await table.create();
    return true;
  } catch (/** @type {any} */ failure) {
    if (table.values.ifNotExists && failure.message.includes(EXISTS)) return false;
    throw failure;
  }
}

/**
 * @param {Table} table
 * @param {number} deadline
 * @param {Progress} progress
 * @returns {Promise<any>} the description of the table
 */
async function whenReady(table, deadline, progress) {
  for (;;) {
    const description = await table.describe().catch((failure) => {
      // Descriptions of new tables are eventually consistent.
      if (failure.code !== 'TABLE_NOT_FOUND') throw failure;
    });
    const { status = '…' } = description || {};
    if (status === 'ACTIVE') return description;
    if (status === 'DELETING' || Date.now() > deadline) throw notReady(table.values, status);
    progress.show(`waiting for the table to become ready (${status})`);
    await pause();
  }
}

/**
 * @param {Table} table
 * @param {number} deadline
 * @param {Progress} progress
 */
async function withRecovery(table, deadline, progress) {
  for (;;) {
    try {
      await table.enableRecovery();
      return;
    } catch (/** @type {any} */ failure) {
      if (!failure.message.includes(NO_BACKUPS_YET) || Date.now() > deadline) {
        failure.message += '. The table exists now, without point-in-time recovery';
        throw failure;
      }
    }
    progress.show('waiting for point-in-time recovery');
    await pause();
  }
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

/**
 * @param {Values} values
 * @param {string} status
 */
function notReady(values, status) {
  const message = `table ${JSON.stringify(values.table)}: it is not ready, but ${status}`;
  return new Failure(message, [
    { text: 'Check it again later', command: commandLine(values, 'check') },
  ]);
}

/**
 * @param {Values} values
 */
function wrongKeys(values) {
  const message = `table ${JSON.stringify(values.table)}: it exists, with other keys than stores need`;
  return new Failure(message, stepsForOtherKeys(values));
}

/**
 * @param {Values} values
 * @param {any} description
 * @param {boolean} isNew
 */
function text(values, description, isNew) {
  const style = new Style(process.stdout);
  const name = JSON.stringify(values.table);
  const what = isNew ? `The table ${name} is ready` : `The table ${name} was there and is ready`;
  return [
    style.right(`${what} (${billing(description)}).`),
    '',
    style.steps([
      { text: `Pass its name to the store, as in DynamoDBFeatureStore(${name})` },
      {
        text: 'When the SDK has connected, see what is in it',
        command: commandLine(values, 'check'),
      },
    ]),
  ].join('\n');
}

module.exports = { createTable };
