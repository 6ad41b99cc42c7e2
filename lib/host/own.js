'use strict';

/**
 * Reads properties of callers' objects and ignores `Object.prototype`, which other code may have polluted.
 */

const { types } = require('util');

/**
 * @param {any} object
 * @param {string} name
 * @returns {any} the property of the object or its class; `undefined` if it comes from `Object.prototype`
 */
function own(object, name) {
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null) {
    return undefined;
  }
  for (let from = object; from !== null && !isRoot(from); from = Object.getPrototypeOf(from)) {
    if (Object.prototype.hasOwnProperty.call(from, name)) return object[name];
  }
  // A proxy may have properties that it doesn't list.
  if (types.isProxy(object)) {
    const value = object[name];
    return value === Reflect.get(Object.prototype, name) ? undefined : value;
  }
  return undefined;
}

/**
 * @param {object} object
 * @returns {boolean} whether it is the `Object.prototype` of this or another `vm` context
 */
function isRoot(object) {
  return (
    Object.getPrototypeOf(object) === null &&
    Object.prototype.hasOwnProperty.call(object, 'hasOwnProperty')
  );
}

/**
 * @param {...(object | null | undefined)} objects
 * @returns {Record<string, any>} their own properties in an object without a prototype; later objects win
 */
function bare(...objects) {
  return Object.assign(Object.create(null), ...objects);
}

module.exports = { bare, own };
