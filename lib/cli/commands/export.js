'use strict';

/**
 * Writes the flags and segments of a prefix as a flag file.
 *
 * @typedef {import('../arguments').Values} Values
 */

const fs = require('fs');
const path = require('path');

const { FINDING, SUCCESS, USAGE } = require('../exit-codes');
const { Failure } = require('../failure');
const { JsonTextError, formatFlagFile, withKeyAndVersion } = require('../flag-file');
const { readItems } = require('../items');
const { kindName, underPrefix } = require('../names');
const { print } = require('../output');
const { printable } = require('../package');
const { stepsElsewhere } = require('../prefixes');
const { Table } = require('../table');
const { Style, counted, notice } = require('../text');

/**
 * @param {Values} values
 * @returns {Promise<number>}
 */
async function exportFlags(values) {
  const { prefix = '', output } = values;
  const items = await readItems(new Table({ ...values, prefix }));
  for (const rows of [items.features, items.segments]) complete(rows);
  const unreadable = leftOut(items);
  const file = { features: textsOf(items.features), segments: textsOf(items.segments) };
  if (file.features.size + file.segments.size === 0) throw await nothing(values);
  const text = formatFlagFile(file);
  if (output === undefined) await print(text);
  else {
    write(output, `${text}\n`);
    const [flags, segments] = [file.features.size, file.segments.size];
    const what = `${counted(flags, 'flag')} and ${counted(segments, 'segment')}`;
    const name = printable(JSON.stringify(output));
    await print(new Style(process.stdout).right(`${what} are in the file ${name}.`));
  }
  return unreadable ? FINDING : SUCCESS;
}

/**
 * Gives the texts of items the key and the version of their rows, because `import` and SDKs take these from the text.
 *
 * @param {Map<string, any>} items
 */
function complete(items) {
  for (const [key, item] of items) {
    if (item.unreadable || item.deleted) continue;
    try {
      item.json = withKeyAndVersion(key, item.version, item.json);
    } catch (/** @type {any} */ failure) {
      if (!(failure instanceof JsonTextError)) throw failure;
      item.unreadable = failure.message;
    }
  }
}

/**
 * @param {Map<string, any>} items
 * @returns {Map<string, string>} the texts of those that are neither deleted nor unreadable
 */
function textsOf(items) {
  const live = [...items].filter(([, { unreadable, deleted }]) => !unreadable && !deleted);
  return new Map(live.map(([key, { json }]) => [key, json]));
}

/**
 * Names the rows that can't be read.
 *
 * @param {import('../items').Items} items
 * @returns {boolean} whether there are any
 */
function leftOut({ features, segments }) {
  let found = false;
  for (const [kind, items] of Object.entries({ features, segments })) {
    for (const [key, { unreadable }] of items) {
      if (unreadable === undefined) continue;
      const row = `The ${kindName(kind)} ${JSON.stringify(key)}`;
      const message = printable(`${row} is left out: it can't be read: ${unreadable}`);
      console.error(notice(process.stderr, message, []));
      found = true;
    }
  }
  return found;
}

/**
 * Writes a file. One that is there stays until the new one is complete.
 *
 * @param {string} name
 * @param {string} text
 */
function write(name, text) {
  try {
    const old = fs.existsSync(name) ? fs.statSync(name) : undefined;
    // Devices and pipes can't be replaced.
    if (old && !old.isFile()) fs.writeFileSync(name, text);
    else replace(old ? fs.realpathSync(name) : name, text, old ? old.mode : undefined);
  } catch (/** @type {any} */ failure) {
    const message = `can't write the file ${JSON.stringify(name)}: ${failure.message}`;
    throw new Failure(printable(message), [], USAGE);
  }
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} [mode]
 */
function replace(name, text, mode) {
  const part = path.join(path.dirname(name), `.${path.basename(name)}.${process.pid}`);
  try {
    fs.writeFileSync(part, text, { mode: 0o666, flag: 'wx' });
    if (mode !== undefined) fs.chmodSync(part, mode);
    fs.renameSync(part, name);
  } catch (failure) {
    if (fs.existsSync(part)) fs.unlinkSync(part);
    throw failure;
  }
}

/**
 * @param {Values} values
 */
async function nothing(values) {
  const { prefix = '', table } = values;
  const message = `There are no flags in the table ${JSON.stringify(table)} ${underPrefix(prefix)}`;
  return new Failure(printable(message), await stepsElsewhere(values, 'list'), FINDING);
}

module.exports = { exportFlags };
