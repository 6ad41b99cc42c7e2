'use strict';

/**
 * Data sets that use every feature of an evaluation, and the subjects to evaluate them for.
 */

const { byKey } = require('../../demo/flag');
const { generate } = require('../end-to-end/generated');
const { FLAGS, PEOPLE, SEGMENTS, asSubject, flag } = require('../support/flags');

/** A flag that nothing else uses. A client that has a new value of it has all changes before. */
const MARK = 'mark';
/** SDKs 8 and 9 make sets of lists with more than 100 keys. */
const MEMBERS = 150;

/**
 * @param {import('../support/sdks').Traits} sdk
 * @param {{seed?: number, flagCount?: number, version?: number}} [options] `version` is that of each item
 * @returns {{flags: Record<string, any>, segments: Record<string, any>}}
 */
function dataSet(sdk, { seed = 1, flagCount = 30, version = 1 } = {}) {
  const { flags, segments } = generated(sdk, seed, flagCount);
  const withVersion = (items) =>
    Object.fromEntries(Object.entries(items).map(([key, item]) => [key, { ...item, version }]));
  return {
    flags: withVersion({ ...FLAGS, ...flags, ...byKey(mark(0, version)) }),
    segments: withVersion({ ...SEGMENTS, ...segments }),
  };
}

function generated({ contexts = false }, seed, flagCount) {
  const data = generate({ seed, flagCount, subjectCount: 2, contexts, nulls: false });
  return JSON.parse(JSON.stringify(data), simpler);
}

/**
 * Leaves out what SDKs take differently from the Relay Proxy's form of it, and keeps lists short enough to be read
 * very often.
 */
function simpler(name, value) {
  if (name === 'contextKind' && value === '') return undefined;
  if (name === 'values' && value === null) return [];
  return Array.isArray(value) ? value.slice(0, MEMBERS) : value;
}

/** @returns {any[]} */
function subjects(sdk) {
  const people = Object.values(PEOPLE).map((person) => asSubject(sdk, person));
  return [...people, ...generated(sdk, 1, 1).subjects];
}

/** The flag `MARK` with a value. */
function mark(value, version) {
  return flag(MARK, { version, variations: [value, 'unused'] });
}

module.exports = { MARK, dataSet, mark, subjects };
