'use strict';

/**
 * Reading what callers give without what somebody may have put into `Object.prototype`.
 */

const { types } = require('util');

/**
 * @param {any} object
 * @param {string} name
 * @returns {any} the object's own member, or the one that its class has for it; `undefined` for what each
 *   object has
 */
function own(object, name) {
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null) {
    return undefined;
  }
  for (let from = object; from !== null && !isRoot(from); from = Object.getPrototypeOf(from)) {
    if (Object.prototype.hasOwnProperty.call(from, name)) return object[name];
  }
  // One that makes up its members has none of its own.
  if (types.isProxy(object)) {
    const value = object[name];
    return value === Reflect.get(Object.prototype, name) ? undefined : value;
  }
  return undefined;
}

/**
 * @param {object} object
 * @returns {boolean} whether it is what all objects inherit from, be it of another context
 */
function isRoot(object) {
  return (
    Object.getPrototypeOf(object) === null &&
    Object.prototype.hasOwnProperty.call(object, 'hasOwnProperty')
  );
}

/**
 * @param {...(object | null | undefined)} objects
 * @returns {Record<string, any>} their own members, those of later ones before those of others, in an
 *   object that inherits nothing
 */
function bare(...objects) {
  return Object.assign(Object.create(null), ...objects);
}

module.exports = { bare, own };
