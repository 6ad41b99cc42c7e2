'use strict';

/**
 * The commands. Each returns an exit code.
 *
 * @typedef {import('./arguments').Values} Values
 */

const { FAILURE, PROBLEM, SUCCESS } = require('./exit-codes');
const print = require('./print');
const { Progress } = require('./progress');
const { Table } = require('./table');

/** How often the state of a new table is read, in milliseconds. */
const POLL_MS = 1000;
/** The longest wait for a new table to become ready, in milliseconds. */
const MAX_CREATION_MS = 10 * 60_000;

/** A failure that is printed as one line. */
class Failure extends Error {
  /**
   * @param {string} message
   */
  constructor(message) {
    super(message);
    this.code = 'FAILED';
  }
}

/**
 * @param {Values} values
 */
async function createTable(values) {
  const table = new Table(values);
  const progress = new Progress();
  await table.create(values.provisioned);
  const started = Date.now();
  for (;;) {
    const description = await table.describe().catch((failure) => {
      // Descriptions of new tables are eventually consistent.
      if (failure.code !== 'TABLE_NOT_FOUND') throw failure;
    });
    if (description && description.status === 'ACTIVE') {
      progress.end();
      print.output(values.json, { table: values.table, ...description }, () =>
        print.created(values.table, description)
      );
      return SUCCESS;
    }
    if (Date.now() - started > MAX_CREATION_MS) {
      throw new Failure(
        `table "${values.table}": it was created, but is not ready after 10 minutes`
      );
    }
    progress.show(
      `waiting for the table to become ready (${description ? description.status : '…'})`
    );
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * @param {Values} values
 */
async function check(values) {
  const table = new Table(values);
  const progress = new Progress();
  const caller = await table.caller();
  const description = await table.describe().catch((failure) => {
    // Users who only read flags may lack this permission.
    if (failure.code !== 'ACCESS_DENIED') throw failure;
  });
  const { hasRightKeys = true, status = 'ACTIVE', rows: known = 0 } = description || {};
  const usable = hasRightKeys && status === 'ACTIVE';
  let content;
  if (usable) {
    const about = known > 0 ? ` of about ${known}` : '';
    content = await table
      .inspect((rows) => progress.show(`${rows} rows${about} read`))
      .catch((failure) => {
        progress.end();
        if (failure.code !== 'ACCESS_DENIED' || values.prefix !== undefined) throw failure;
        throw new Failure(`${failure.message}. With --prefix, dynamodb:Query takes its place`);
      });
    progress.end();
  }
  const problems = problemsOf(description, content, values.prefix);
  const report = {
    table: values.table,
    caller,
    description: description || null,
    content,
    problems,
  };
  print.output(values.json, report, () => print.checked(report));
  if (!usable) return FAILURE;
  return problems.length > 0 ? PROBLEM : SUCCESS;
}

/**
 * @param {any} description `undefined` if it could not be read
 * @param {any} content `undefined` if it could not be read
 * @param {string} [prefix] the option `--prefix`
 * @returns {string[]} problems that need attention
 */
function problemsOf(description, content, prefix) {
  if (description && !description.hasRightKeys) {
    return [
      'The table has other keys: stores need the partition key "namespace" and the sort key "key", both ' +
        "strings. Keys of a table can't be changed; create another one.",
    ];
  }
  if (!content) return [`The table can't be used yet, or any more: it is ${description.status}.`];
  const problems = [];
  const used = content.prefixes.filter(
    (/** @type {any} */ { flags, segments, initialized }) => flags + segments > 0 || initialized
  );
  if (used.length === 0) {
    const where = prefix ? ` under the prefix "${prefix}"` : '';
    problems.push(
      `There are no flags${where}: no SDK and no Relay Proxy has written any yet, or to another table ` +
        'or prefix.'
    );
  }
  for (const each of content.prefixes) {
    const where = each.prefix === '' ? 'without prefix' : `under the prefix "${each.prefix}"`;
    if (!each.initialized && each.flags + each.segments > 0) {
      problems.push(`What is ${where} was never initialised, or is being just now.`);
    }
    if (each.unreadable.count > 0) {
      problems.push(`${print.rowCount(each.unreadable.count)} ${where} can't be read.`);
    }
    if (each.large.count > 0) {
      const verb = each.large.count === 1 ? 'is' : 'are';
      problems.push(
        `${print.rowCount(each.large.count)} ${where} ${verb} near or over the size limit.`
      );
    }
  }
  return problems;
}

/**
 * @param {Values} values
 */
async function list(values) {
  const table = new Table({ ...values, prefix: values.prefix || '' });
  const kinds = values.kind ? [values.kind] : ['features', 'segments'];
  /** @type {any[]} */
  const items = [];
  for (const kind of kinds) {
    for (const item of await table.list(kind)) items.push({ kind: print.kindName(kind), ...item });
  }
  print.output(values.json, items, () => print.listed(items));
  return SUCCESS;
}

/**
 * @param {Values} values
 */
async function get(values) {
  const { prefix = '', kind = 'features', key = '' } = values;
  const found = await new Table({ ...values, prefix }).get(kind, key);
  const name = `${print.kindName(kind)} ${JSON.stringify(key)}`;
  if (found === null) {
    console.error(`There is no ${name} in the table ${JSON.stringify(values.table)}.`);
    return PROBLEM;
  }
  if (found.unreadable) {
    console.error(`The row of the ${name} can't be read: ${found.unreadable}.`);
    return PROBLEM;
  }
  if (found.deleted) console.error(`The ${name} is deleted; this is its tombstone.`);
  console.log(values.json ? found.json : JSON.stringify(JSON.parse(found.json), undefined, 2));
  return found.deleted ? PROBLEM : SUCCESS;
}

/** @type {Record<string, (values: Values) => Promise<number>>} */
const COMMANDS = { check, 'create-table': createTable, get, list };

module.exports = { COMMANDS };
