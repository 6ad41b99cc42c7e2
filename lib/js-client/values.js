'use strict';

/**
 * Attribute values in both forms that clients use: typed, such as `{ S: 'text' }`, and the plain JavaScript
 * values of document clients.
 *
 * @typedef {object} Values
 * @property {(value: string | number) => any} write
 * @property {(attribute: any) => string | undefined} text of a string
 * @property {(attribute: any) => number | undefined} number
 * @property {(attribute: any) => boolean} isTrue
 * @property {(attribute: any) => string[] | undefined} set of strings
 * @property {(attribute: any) => string} type DynamoDB's name of the type
 */

/** @type {Values} */
const typed = {
  write: (value) => (typeof value === 'number' ? { N: String(value) } : { S: value }),
  text: (attribute) => (typeof attribute.S === 'string' ? attribute.S : undefined),
  number: (attribute) => finite(attribute.N),
  isTrue: (attribute) => attribute.BOOL === true,
  set: (attribute) => (Array.isArray(attribute.SS) ? attribute.SS : undefined),
  type: (attribute) => Object.keys(attribute).find((type) => attribute[type] !== undefined) || '',
};

/** @type {Values} */
const plain = {
  write: (value) => value,
  text: (attribute) => (typeof attribute === 'string' ? attribute : undefined),
  number: (attribute) => {
    if (typeof attribute === 'number') return finite(attribute);
    if (typeof attribute === 'bigint') return Number(attribute);
    // Document clients may wrap numbers to keep them exact.
    const wrapped = typeof attribute === 'object' && attribute !== null ? attribute.value : '';
    return finite(wrapped);
  },
  isTrue: (attribute) => attribute === true,
  set: (attribute) => {
    // Version 3 returns a `Set`, version 2 an object with a type and values.
    if (attribute instanceof Set) return [...attribute];
    const isSet =
      typeof attribute === 'object' && attribute !== null && attribute.type === 'String';
    return isSet && Array.isArray(attribute.values) ? attribute.values : undefined;
  },
  type: (attribute) => {
    if (attribute === null) return 'NULL';
    if (attribute instanceof Uint8Array) return 'B';
    if (Array.isArray(attribute)) return 'L';
    if (typeof attribute === 'boolean') return 'BOOL';
    return plain.number(attribute) === undefined ? 'M' : 'N';
  },
};

/**
 * @param {unknown} value
 * @returns {number | undefined}
 */
function finite(value) {
  const isNumeral = typeof value === 'number' || (typeof value === 'string' && value !== '');
  const number = isNumeral ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

module.exports = { plain, typed };
