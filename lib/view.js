'use strict';

/**
 * The methods that SDKs call on a feature store. Callbacks are optional and come exactly once. A call
 * that can't be worked with is answered at once, and a line in the log says why.
 *
 * @typedef {import('./contract').Contract} Contract
 * @typedef {import('./core').Core} Core
 * @typedef {import('./logger').LogRouter} LogRouter
 * @typedef {import('./reads').Reads} Reads
 * @typedef {import('./store-value').Access<Core>} Access
 *
 * @typedef {(failure?: Error) => void} WriteCallback gets an `Error` where the contract tells failures
 */

const { toJson } = require('./contract');

/**
 * @param {LogRouter} logs
 * @param {Access} access
 * @param {Contract} contract
 */
function viewMethods(logs, access, contract) {
  const { model, nothing, tellsFailures } = contract;
  /**
   * What came with the last data set.
   *
   * @type {any}
   */
  let initMetadata;
  /** @type {Reads | undefined} */
  let known;

  /** @returns {Reads | undefined} those of the core to use; `undefined` once the view is closed */
  function currentReads() {
    const core = access.core();
    if (core === undefined) return undefined;
    if (known === undefined || known.core !== core) known = core.readsIn(model);
    return known;
  }

  /**
   * @param {string} method
   * @param {string | undefined} problem with what the call was given; none when the store is closed
   * @returns {string} what is wrong
   */
  function refusal(method, problem) {
    const text = `DynamoDBFeatureStore: ${method}: ${problem || 'the store is closed'}`;
    logs.log('error', text);
    return text;
  }

  /**
   * @param {string} method
   * @param {string | undefined} problem
   * @param {(answer: any) => void} callback
   * @param {any} answer
   */
  function refuse(method, problem, callback, answer) {
    refusal(method, problem);
    callback(answer);
  }

  /**
   * @param {string} method
   * @param {string | undefined} problem
   * @param {WriteCallback} callback
   */
  function refuseWrite(method, problem, callback) {
    const text = refusal(method, problem);
    if (tellsFailures) callback(new Error(text));
    else callback();
  }

  /**
   * @param {string} what was to be written
   * @param {WriteCallback} callback
   * @returns {import('./core').WriteCallback}
   */
  function told(what, callback) {
    return (code) => {
      if (code === undefined || !tellsFailures) callback();
      else callback(unsaved(what, code));
    };
  }

  return {
    /**
     * @param {{namespace: string}} kind
     * @param {string} key
     * @param {(item: any) => void} [callback]
     */
    get(kind, key, callback) {
      const answer = orIgnore(callback);
      const reads = currentReads();
      const problem = problemOfKind(kind) || problemOfKey(key);
      if (reads === undefined || problem !== undefined) refuse('get', problem, answer, null);
      else reads.get(kind.namespace, key, answer);
    },

    /**
     * @param {{namespace: string}} kind
     * @param {(items: any) => void} [callback]
     */
    all(kind, callback) {
      const answer = orIgnore(callback);
      const reads = currentReads();
      const problem = problemOfKind(kind);
      if (!reads || problem) refuse('all', problem, answer, nothing());
      else reads.all(kind.namespace, (items) => answer(items === null ? nothing() : items));
    },

    /**
     * @param {Record<string, Record<string, any>>} allData items by key, by namespace
     * @param {WriteCallback} [callback]
     * @param {any} [metadata] what the SDK knows of the data, for `getInitMetaData`
     */
    init(allData, callback, metadata) {
      const answer = orIgnore(callback);
      const reads = currentReads();
      const data = givenKinds(allData);
      if (!reads || data.problem !== undefined) {
        refuseWrite('init', data.problem, answer);
        return;
      }
      initMetadata = metadata;
      reads.core.init(model, data.value, told('the data set', answer));
    },

    getInitMetaData() {
      return initMetadata;
    },

    /**
     * @param {{namespace: string}} kind
     * @param {any} item
     * @param {WriteCallback} [callback]
     */
    upsert(kind, item, callback) {
      const answer = orIgnore(callback);
      const reads = currentReads();
      const problem = problemOfKind(kind) || problemOfItem(item);
      const json = problem ? { problem } : itemJson(model, kind.namespace, item);
      if (!reads || json.problem !== undefined) {
        refuseWrite('upsert', json.problem, answer);
        return;
      }
      const { namespace } = kind;
      const ended = told(named(item.key, namespace), answer);
      reads.core.upsert(reads, namespace, item.key, json.value, ended);
    },

    /**
     * @param {{namespace: string}} kind
     * @param {string} key
     * @param {number | string} version the types of SDK 5 to 7 declare it a string
     * @param {WriteCallback} [callback]
     */
    delete(kind, key, version, callback) {
      const answer = orIgnore(callback);
      const reads = currentReads();
      const number = typeof version === 'string' && version !== '' ? Number(version) : version;
      const problem = problemOfKind(kind) || problemOfKey(key) || problemOfVersion(number);
      if (!reads || problem) {
        refuseWrite('delete', problem, answer);
        return;
      }
      const { namespace } = kind;
      const ended = told(named(key, namespace), answer);
      reads.core.delete(reads, namespace, key, /** @type {number} */ (number), ended);
    },

    /**
     * @param {(initialized: boolean) => void} [callback]
     */
    initialized(callback) {
      const answer = orIgnore(callback);
      const reads = currentReads();
      if (!reads) refuse('initialized', undefined, answer, false);
      else reads.core.initialized(answer);
    },

    /**
     * @param {(available: boolean) => void} [callback]
     */
    isStoreAvailable(callback) {
      const answer = orIgnore(callback);
      const reads = currentReads();
      if (!reads) refuse('isStoreAvailable', undefined, answer, false);
      else reads.core.isAvailable(answer);
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
 * @param {unknown} item
 * @returns {string | undefined}
 */
function problemOfItem(item) {
  return typeof item === 'object' && item !== null ? undefined : 'the item is not an object';
}

/**
 * @param {import('./contract').DataModel} model
 * @param {string} namespace
 * @param {any} item
 * @returns {import('./contract').Checked<string>}
 */
function itemJson(model, namespace, item) {
  const { value, problem } = toJson(model, namespace, item);
  if (typeof value === 'string') return { value };
  return { problem: `the item ${problem || 'has no JSON form'}` };
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
 * @param {string} key
 * @param {string} namespace
 */
function named(key, namespace) {
  return `${JSON.stringify(key)} in ${JSON.stringify(namespace)}`;
}

/**
 * @param {string} what
 * @param {string} code
 * @returns {Error}
 */
function unsaved(what, code) {
  const message = `DynamoDBFeatureStore: ${what} is not in the table; the log says why (${code})`;
  return Object.assign(new Error(message), { code });
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function shown(value) {
  return typeof value === 'string' ? JSON.stringify(value) : `of type ${typeof value}`;
}

/**
 * A kind that is `null` or absent is not given: its rows are left alone.
 *
 * @param {any} allData
 * @returns {import('./contract').Checked<[string, Record<string, any>][]>} kinds and their items by key
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

module.exports = { viewMethods };
