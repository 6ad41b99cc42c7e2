'use strict';

/**
 * The methods that SDK 5, 6 and 7 call on a feature store. Callbacks are optional and come exactly
 * once. A call that can't be worked with is answered at once, and a line in the log says why.
 *
 * @typedef {import('./core').Core} Core
 * @typedef {import('./logger').LogRouter} LogRouter
 * @typedef {object} Access
 * @property {() => Core | undefined} core the core to use; `undefined` once the view is closed
 * @property {() => Core} lastCore the core that is or was used
 * @property {() => void} close
 */

/**
 * @param {LogRouter} logs
 * @param {Access} access
 */
function viewMethods(logs, access) {
  /**
   * @param {string} method
   * @param {string | undefined} problem with what the call was given; none when the store is closed
   * @param {(answer?: any) => void} callback
   * @param {any} [answer]
   */
  function refuse(method, problem, callback, answer) {
    logs.log('error', `DynamoDBFeatureStore: ${method}: ${problem || 'the store is closed'}`);
    callback(answer);
  }

  return {
    /**
     * @param {{namespace: string}} kind
     * @param {string} key
     * @param {(item: any) => void} [callback]
     */
    get(kind, key, callback) {
      const answer = orIgnore(callback);
      const core = access.core();
      const problem = problemOfKind(kind) || problemOfKey(key);
      if (core === undefined || problem !== undefined) refuse('get', problem, answer, null);
      else core.get(kind.namespace, key, answer);
    },

    /**
     * @param {{namespace: string}} kind
     * @param {(items: any) => void} [callback]
     */
    all(kind, callback) {
      const answer = orIgnore(callback);
      const core = access.core();
      const problem = problemOfKind(kind);
      if (!core || problem) refuse('all', problem, answer, null);
      else core.all(kind.namespace, answer);
    },

    /**
     * @param {Record<string, Record<string, any>>} allData items by key, by namespace
     * @param {() => void} [callback]
     */
    init(allData, callback) {
      const answer = orIgnore(callback);
      const core = access.core();
      const data = givenKinds(allData);
      if (!core || data.problem !== undefined) refuse('init', data.problem, answer);
      else core.init(data.value, answer);
    },

    /**
     * @param {{namespace: string}} kind
     * @param {any} item
     * @param {() => void} [callback]
     */
    upsert(kind, item, callback) {
      const answer = orIgnore(callback);
      const core = access.core();
      const json = stringify('the item', item);
      const problem = problemOfKind(kind) || json.problem;
      if (!core || problem || json.problem !== undefined) refuse('upsert', problem, answer);
      else core.upsert(kind.namespace, item.key, json.value, answer);
    },

    /**
     * @param {{namespace: string}} kind
     * @param {string} key
     * @param {number | string} version the types of SDK 5 to 7 declare it a string
     * @param {() => void} [callback]
     */
    delete(kind, key, version, callback) {
      const answer = orIgnore(callback);
      const core = access.core();
      const number = typeof version === 'string' && version !== '' ? Number(version) : version;
      const problem = problemOfKind(kind) || problemOfKey(key) || problemOfVersion(number);
      if (!core || problem) refuse('delete', problem, answer);
      else core.delete(kind.namespace, key, /** @type {number} */ (number), answer);
    },

    /**
     * @param {(initialized: boolean) => void} [callback]
     */
    initialized(callback) {
      const answer = orIgnore(callback);
      const core = access.core();
      if (!core) refuse('initialized', undefined, answer, false);
      else core.initialized(answer);
    },

    /**
     * @param {(available: boolean) => void} [callback]
     */
    isStoreAvailable(callback) {
      const answer = orIgnore(callback);
      const core = access.core();
      if (!core) refuse('isStoreAvailable', undefined, answer, false);
      else core.isAvailable(answer);
    },

    stats() {
      return access.lastCore().stats();
    },

    close() {
      access.close();
    },

    description: 'DynamoDB',

    getDescription() {
      return 'DynamoDB';
    },
  };
}

/**
 * @param {((value?: any) => void) | null | undefined} callback
 * @returns {(value?: any) => void}
 */
function orIgnore(callback) {
  return typeof callback === 'function' ? callback : ignore;
}

function ignore() {}

/**
 * @param {any} kind
 * @returns {string | undefined}
 */
function problemOfKind(kind) {
  return kind && typeof kind.namespace === 'string' && kind.namespace !== ''
    ? undefined
    : 'the kind must be an object with a namespace, such as the SDK passes';
}

/**
 * @param {unknown} key
 * @returns {string | undefined}
 */
function problemOfKey(key) {
  return typeof key === 'string' && key !== ''
    ? undefined
    : `the key must be a string that is not empty, not ${shown(key)}`;
}

/**
 * @param {unknown} version
 * @returns {string | undefined}
 */
function problemOfVersion(version) {
  return typeof version === 'number' && Number.isFinite(version)
    ? undefined
    : `the version must be a number, not ${shown(version)}`;
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function shown(value) {
  return typeof value === 'string' ? JSON.stringify(value) : `of type ${typeof value}`;
}

/**
 * @template T
 * @typedef {{value: T, problem?: undefined} | {value?: undefined, problem: string}} Checked
 */

/**
 * A kind that is `null` or absent is not given: its rows are left alone.
 *
 * @param {any} allData
 * @returns {Checked<[string, Record<string, any>][]>} kinds and their items by key
 */
function givenKinds(allData) {
  if (typeof allData !== 'object' || allData === null) {
    return { problem: 'the data must be an object of items by key, by namespace' };
  }
  /** @type {[string, Record<string, any>][]} */
  const value = [];
  for (const kind of Object.keys(allData)) {
    const items = allData[kind];
    if (items === undefined || items === null) continue;
    if (typeof items !== 'object' || Array.isArray(items)) {
      return { problem: `the data of kind ${kind} is not an object` };
    }
    value.push([kind, items]);
  }
  return { value };
}

/**
 * @param {string} what
 * @param {any} value
 * @returns {Checked<string>}
 */
function stringify(what, value) {
  if (typeof value !== 'object' || value === null) return { problem: `${what} is not an object` };
  try {
    const json = JSON.stringify(value);
    return typeof json === 'string' ? { value: json } : { problem: `${what} has no JSON form` };
  } catch (reason) {
    return {
      problem: `${what} can't be written as JSON: ${/** @type {Error} */ (reason).message}`,
    };
  }
}

module.exports = { viewMethods };
