'use strict';

/**
 * Prints a flag or segment.
 */

const { FINDING, SUCCESS } = require('../exit-codes');
const { Failure } = require('../failure');
const { kindName, underPrefix } = require('../names');
const { print } = require('../output');
const { printable } = require('../package');
const { stepsElsewhere } = require('../prefixes');
const { Table } = require('../table');
const { notice } = require('../text');

/**
 * @param {import('../arguments').Values} values
 * @returns {Promise<number>}
 */
async function get(values) {
  const { prefix = '', kind = 'features', key = '' } = values;
  const found = await new Table({ ...values, prefix }).get(kind, key);
  const name = `${kindName(kind)} ${JSON.stringify(key)}`;
  if (found === null) throw await missing(values, name);
  if (found.unreadable) {
    const message = printable(`The row of the ${name} can't be read: ${found.unreadable}`);
    throw new Failure(
      message,
      [{ text: 'Correct or delete the row; the next change in LaunchDarkly also corrects it' }],
      FINDING
    );
  }
  if (found.deleted) {
    const message = printable(`The ${name} is deleted; this is its tombstone.`);
    console.error(notice(process.stderr, message, []));
  }
  await print(values.json ? found.json : JSON.stringify(JSON.parse(found.json), undefined, 2));
  return found.deleted ? FINDING : SUCCESS;
}

/**
 * @param {import('../arguments').Values} values
 * @param {string} name
 */
async function missing(values, name) {
  const { prefix = '', table } = values;
  const place = prefix === '' ? '' : ` ${underPrefix(prefix)}`;
  const message = `There is no ${name} in the table ${JSON.stringify(table)}${place}`;
  const steps = values.json ? [] : await stepsElsewhere(values, 'list');
  return new Failure(printable(message), steps, FINDING);
}

module.exports = { get };
