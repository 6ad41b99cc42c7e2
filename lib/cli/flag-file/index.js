'use strict';

/**
 * LaunchDarkly's flag files, which the file data sources of the SDKs read: JSON with the flags and segments by key, and
 * under `flagValues` flags that have one value for everybody.
 *
 * @typedef {object} FlagFile JSON texts of items by key
 * @property {Map<string, string>} features
 * @property {Map<string, string>} segments
 */

const { constants } = require('buffer');
const { readFileSync } = require('fs');

const { Failure, UsageError } = require('../failure');
const { printable } = require('../package');
const { similar } = require('../similar');
const { JsonTextError, compact, parts, pretty } = require('./json-text');
const { FLAG, SEGMENT, mustBe, problemOf, typeOf } = require('./shape');

/** The version of items that have none. The file data source of SDK 9 takes it, too. */
const FIRST_VERSION = 1;
const MEMBERS = ['flags', 'flagValues', 'segments'];
/** The longest key that DynamoDB takes, in bytes. */
const MAX_KEY_BYTES = 1024;
const BYTE_ORDER_MARK = /^\ufeff/;

/**
 * @param {string} name of the file
 * @returns {FlagFile}
 * @throws {Failure} naming the file and what is wrong with it
 */
function readFlagFile(name) {
  const bytes = contentOf(name);
  if (bytes.length > constants.MAX_STRING_LENGTH) throw tooLarge(name);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw bad(name, 'it is not UTF-8');
  try {
    return parse(text.replace(BYTE_ORDER_MARK, ''));
  } catch (/** @type {any} */ failure) {
    if (failure instanceof WrongFile) throw bad(name, failure.message);
    if (!(failure instanceof JsonTextError)) throw failure;
    throw bad(name, `it is not JSON: ${failure.message}`, yamlStep(name));
  }
}

/** A file with the wrong content. */
class WrongFile extends Error {}

/**
 * @param {string} name
 * @returns {Buffer}
 */
function contentOf(name) {
  try {
    return readFileSync(name);
  } catch (/** @type {any} */ failure) {
    const message = `can't read the file ${JSON.stringify(name)}: ${failure.message}`;
    throw new UsageError(printable(message));
  }
}

/**
 * @param {string} name
 */
function tooLarge(name) {
  const most = Math.floor(constants.MAX_STRING_LENGTH / 2 ** 20);
  const message = `can't read the file ${JSON.stringify(name)}: it is larger than ${most} MiB`;
  return new UsageError(printable(message));
}

/**
 * @param {string} name
 * @param {string} problem
 * @param {import('../failure').Step[]} [steps]
 */
function bad(name, problem, steps = []) {
  return new Failure(printable(`file ${JSON.stringify(name)}: ${problem}`), steps);
}

/**
 * @param {string} name
 */
function yamlStep(name) {
  return /\.ya?ml$/i.test(name)
    ? [{ text: 'YAML is not supported: convert the file to JSON' }]
    : [];
}

/**
 * @param {string} text
 * @returns {FlagFile}
 * @throws {JsonTextError | WrongFile}
 */
function parse(text) {
  const { members } = parts(text, 3);
  if (!members) throw new WrongFile(mustBe('the content', 'object', typeOf(JSON.parse(text))));
  for (const name of members.keys()) {
    const meant = MEMBERS.includes(name) ? undefined : similar(name, MEMBERS);
    if (meant)
      throw new WrongFile(`there is no member ${JSON.stringify(name)}: did you mean ${meant}`);
  }
  /** @param {string} name */
  const textsIn = (name) => {
    const part = members.get(name);
    const json = part ? text.slice(part.start, part.end) : 'null';
    if (json === 'null') return [];
    if (!part || !part.members)
      throw new WrongFile(mustBe(name, 'object', typeOf(JSON.parse(json))));
    return [...part.members].map(([key, { start, end }]) => {
      const path = `${name}${pathOf(key)}`;
      checkKey(path, key);
      return { path, key, json: compact(text.slice(start, end)) };
    });
  };
  const file = { features: new Map(), segments: new Map() };
  for (const { path, key, json } of textsIn('flags')) {
    file.features.set(key, itemText(path, key, json, FLAG));
  }
  for (const { path, key, json } of textsIn('flagValues')) {
    if (file.features.has(key)) throw new WrongFile(`${path} is also in flags`);
    file.features.set(key, flagWithValue(key, json));
  }
  for (const { path, key, json } of textsIn('segments')) {
    file.segments.set(key, itemText(path, key, json, SEGMENT));
  }
  if (file.features.size + file.segments.size === 0) {
    throw new WrongFile('it has no flags and no segments, and an import would delete all');
  }
  return file;
}

/**
 * @param {string} path
 * @param {string} key
 */
function checkKey(path, key) {
  if (key === '') throw new WrongFile(`${path}: the key is empty`);
  if (Buffer.from(key).toString() !== key) {
    throw new WrongFile(`${path}: the key has half of a surrogate pair, which can't be stored`);
  }
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new WrongFile(
      `${path}: the key is longer than the ${MAX_KEY_BYTES} bytes DynamoDB allows`
    );
  }
}

/**
 * @param {string} path
 * @param {string} key
 * @param {string} json
 * @param {import('./shape').Shape} shape
 * @returns {string} the text with a version
 */
function itemText(path, key, json, shape) {
  const item = JSON.parse(json);
  const problem = problemOf(item, shape, path);
  if (problem !== undefined) throw new WrongFile(problem);
  if (item.key !== key) {
    const found = item.key === undefined ? 'is missing' : `is ${JSON.stringify(item.key)}`;
    throw new WrongFile(`${path}.key ${found}: it must be ${JSON.stringify(key)}`);
  }
  const { version } = item;
  if (version === undefined) return `${json.slice(0, -1)},"version":${FIRST_VERSION}}`;
  if (!Number.isSafeInteger(version) || version < 0) {
    throw new WrongFile(`${path}.version must be a whole number from 0 to 2^53 - 1`);
  }
  return json;
}

/**
 * @param {string} key
 * @param {string} json the value
 * @returns {string} the flag that the file data sources make of it: on, with this value for everybody
 */
function flagWithValue(key, json) {
  return (
    `{"key":${JSON.stringify(key)},"on":true,"fallthrough":{"variation":0},"variations":[${json}],` +
    `"version":${FIRST_VERSION}}`
  );
}

/**
 * @param {string} name
 * @returns {string} the name of a member, as a part of a path
 */
function pathOf(name) {
  return /^[\w-]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/**
 * Readers take an item's key and version from its row. In the JSON, they may be absent or others.
 *
 * @param {string} key
 * @param {number} version
 * @param {string} json
 * @returns {string} the text with this key and this version
 * @throws {JsonTextError} for a member that is there twice
 */
function withKeyAndVersion(key, version, json) {
  const { members = new Map() } = parts(json, 1);
  const item = JSON.parse(json);
  if (item.key === key && item.version === version) return json;
  const others = [...members]
    .filter(([name]) => name !== 'key' && name !== 'version')
    .map(([name, { start, end }]) => `,${JSON.stringify(name)}:${json.slice(start, end)}`);
  return `{"key":${JSON.stringify(key)},"version":${version}${others.join('')}}`;
}

/**
 * @param {FlagFile} file
 * @returns {string} a flag file with sorted keys
 */
function formatFlagFile({ features, segments }) {
  const flags = formatItems(features);
  return `{\n  "flags": ${flags},\n  "segments": ${formatItems(segments)}\n}`;
}

/**
 * @param {Map<string, string>} items
 */
function formatItems(items) {
  if (items.size === 0) return '{}';
  const lines = [...items]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, json]) => `    ${JSON.stringify(key)}: ${pretty(json, '    ')}`);
  return `{\n${lines.join(',\n')}\n  }`;
}

/**
 * @param {FlagFile} file
 * @returns {string} the same as one JSON text, in which all flags are in full form
 */
function flagFileJson({ features, segments }) {
  const [flags, others] = [features, segments].map((items) =>
    [...items].map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')
  );
  return `{"flags":{${flags}},"segments":{${others}}}`;
}

module.exports = { JsonTextError, flagFileJson, formatFlagFile, readFlagFile, withKeyAndVersion };
