'use strict';

/**
 * The methods that SDKs call on a feature store. Callbacks are optional and come exactly once. If an argument
 * is bad or anything throws, the method logs one line and calls back at once with its failure answer.
 *
 * @typedef {import('./contract').Contract} Contract
 * @typedef {import('./core').Core} Core
 * @typedef {import('../logging/router').LogRouter} LogRouter
 * @typedef {import('./reads').Reads} Reads
 * @typedef {import('./store-value').Access<Core>} Access
 * @typedef {NonNullable<ReturnType<Access['view']>>} View
 *
 * @typedef {(failure?: Error) => void} WriteCallback gets an `Error` if the contract reports write failures
 */

const { toJson } = require('./contract');
const { WAITING } = require('../native/response-queue');
const { CallError } = require('../logging/redaction');
const { NOT_WELL_FORMED, isWellFormed } = require('./well-formed');

/**
 * @param {LogRouter} logs
 * @param {Access} access
 * @param {Contract} contract
 */
function viewMethods(logs, access, contract) {
  const { model, nothing, reportsWriteFailures } = contract;
  /**
   * The metadata of the last data set.
   *
   * @type {any}
   */
  let initMetadata;
  /** @type {Reads | undefined} */
  let known;

  /**
   * @param {View} view
   * @returns {Reads}
   */
  function readsOf({ core }) {
    if (known !== undefined && known.core === core) return known;
    const reads = core.readsIn(model);
    known = reads;
    return reads;
  }

  /**
   * Runs a method's work and calls the callback, unless the work calls back later. The callback runs outside of
   * `try`, so that its exceptions reach the SDK.
   *
   * @param {string} method
   * @param {unknown} callback
   * @param {(failure: Error) => any} failed makes the failure answer from the logged error
   * @param {(view: View, answer: (value?: any) => void, first: any, second: any, third: any) => any} work
   *   returns the answer, or `WAITING`; throws a `CallError` for bad arguments
   * @param {any} [first] the method's arguments
   * @param {any} [second]
   * @param {any} [third]
   */
  function answering(method, callback, failed, work, first, second, third) {
    const answer = typeof callback === 'function' ? /** @type {any} */ (callback) : ignore;
    let known;
    try {
      const view = access.view();
      if (view === undefined) throw new CallError('the store is closed', 'CLOSED');
      known = work(view, answer, first, second, third);
      if (known === WAITING) view.requestStarted();
    } catch (thrown) {
      known = failed(logs.defect(method, thrown));
    }
    if (known === WAITING) return;
    if (known === undefined) answer();
    else answer(known);
  }

  /**
   * @param {Error} failure
   */
  function failedWrite(failure) {
    return reportsWriteFailures ? failure : undefined;
  }

  /**
   * @param {View} view
   * @param {(item: any) => void} answer
   * @param {any} kind
   * @param {any} key
   */
  function get(view, answer, kind, key) {
    const reads = readsOf(view);
    const namespace = namespaceOf(kind);
    const known = reads.known(namespace, checkedKey(key));
    return known === WAITING
      ? reads.get(
          namespace,
          key,
          tracked(() => view.requestEnded(), answer)
        )
      : known;
  }

  /**
   * @param {View} view
   * @param {(items: any) => void} answer
   * @param {any} kind
   */
  function all(view, answer, kind) {
    const namespace = namespaceOf(kind);
    return readsOf(view).all(
      namespace,
      tracked(
        () => view.requestEnded(),
        (items) => answer(items === null ? nothing() : items)
      )
    );
  }

  /**
   * @param {View} view
   * @param {WriteCallback} answer
   * @param {any} allData
   * @param {any} metadata
   */
  function init(view, answer, allData, metadata) {
    const data = itemsByKind(allData);
    initMetadata = metadata;
    readsOf(view).core.init(
      model,
      data,
      tracked(() => view.writeEnded(), writeCallback('the data set', answer))
    );
    return WAITING;
  }

  /**
   * @param {View} view
   * @param {WriteCallback} answer
   * @param {any} kind
   * @param {any} item
   */
  function upsert(view, answer, kind, item) {
    const namespace = namespaceOf(kind);
    const json = itemJson(model, namespace, item);
    const { key } = item;
    // The native store rejects keys that are not strings.
    if (typeof key === 'string' && key !== '') checkedKey(key);
    const callback = tracked(() => view.writeEnded(), writeCallback(named(key, namespace), answer));
    view.core.upsert(namespace, json, callback);
    return WAITING;
  }

  /**
   * @param {View} view
   * @param {WriteCallback} answer
   * @param {any} kind
   * @param {any} key
   * @param {any} version
   */
  function remove(view, answer, kind, key, version) {
    const namespace = namespaceOf(kind);
    checkedKey(key);
    const number = checkedVersion(version);
    const callback = tracked(() => view.writeEnded(), writeCallback(named(key, namespace), answer));
    view.core.delete(namespace, key, number, callback);
    return WAITING;
  }

  /**
   * @param {View} view
   * @param {(initialized: boolean) => void} answer
   */
  function initialized(view, answer) {
    return view.core.initialized(tracked(() => view.requestEnded(), answer));
  }

  /**
   * @param {View} view
   * @param {(available: boolean) => void} answer
   */
  function isStoreAvailable(view, answer) {
    view.core.isAvailable(tracked(() => view.requestEnded(), answer));
    return WAITING;
  }

  /**
   * @param {string} what the data set or item of the write
   * @param {WriteCallback} callback
   * @returns {import('./core').WriteCallback}
   */
  function writeCallback(what, callback) {
    return (code) => {
      if (code === undefined || !reportsWriteFailures) callback();
      else callback(logs.error(code, `${what} is not in the table; the log says why`));
    };
  }

  return {
    /**
     * @param {{namespace: string}} kind
     * @param {string} key
     * @param {(item: any) => void} [callback]
     */
    get(kind, key, callback) {
      answering('get', callback, noItem, get, kind, key);
    },

    /**
     * @param {{namespace: string}} kind
     * @param {(items: any) => void} [callback]
     */
    all(kind, callback) {
      answering('all', callback, nothing, all, kind);
    },

    /**
     * @param {Record<string, Record<string, any>>} allData items by key, by namespace
     * @param {WriteCallback} [callback]
     * @param {any} [metadata] returned by `getInitMetaData`
     */
    init(allData, callback, metadata) {
      answering('init', callback, failedWrite, init, allData, metadata);
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
      answering('upsert', callback, failedWrite, upsert, kind, item);
    },

    /**
     * @param {{namespace: string}} kind
     * @param {string} key
     * @param {number | string} version a string in the types of SDK 5 to 7
     * @param {WriteCallback} [callback]
     */
    delete(kind, key, version, callback) {
      answering('delete', callback, failedWrite, remove, kind, key, version);
    },

    /**
     * @param {(initialized: boolean) => void} [callback]
     */
    initialized(callback) {
      answering('initialized', callback, no, initialized);
    },

    /**
     * @param {(available: boolean) => void} [callback]
     */
    isStoreAvailable(callback) {
      answering('isStoreAvailable', callback, no, isStoreAvailable);
    },

    stats() {
      return access.lastCore().stats();
    },

    close() {
      return access.close();
    },

    description: 'DynamoDB',

    getDescription() {
      return 'DynamoDB';
    },
  };
}

/** The kinds that every LaunchDarkly SDK has. */
const KINDS = ['features', 'segments'];

function ignore() {}

/**
 * @template T
 * @param {() => void} onEnd called after the callback, even if it throws
 * @param {(value: T) => void} callback
 * @returns {(value?: any) => void}
 */
function tracked(onEnd, callback) {
  return (value) => {
    try {
      callback(value);
    } finally {
      onEnd();
    }
  };
}

/** The failure answer of `get`. */
function noItem() {
  return null;
}

/** The failure answer of `initialized` and `isStoreAvailable`. */
function no() {
  return false;
}

/**
 * @param {any} kind
 * @returns {string}
 * @throws {CallError}
 */
function namespaceOf(kind) {
  const namespace = kind && kind.namespace;
  if (typeof namespace === 'string' && namespace !== '' && isWellFormed(namespace))
    return namespace;
  throw new CallError('the kind must be an object with a namespace, such as the SDK passes');
}

/**
 * @param {unknown} key
 * @returns {string}
 * @throws {CallError}
 */
function checkedKey(key) {
  if (typeof key === 'string' && key !== '') {
    if (isWellFormed(key)) return key;
    throw new CallError(`the key ${JSON.stringify(key)} can't be one: ${NOT_WELL_FORMED}`);
  }
  throw new CallError(`the key must be a string that is not empty, not ${shown(key)}`);
}

/**
 * @param {unknown} version
 * @returns {number}
 * @throws {CallError}
 */
function checkedVersion(version) {
  const number = typeof version === 'string' && version !== '' ? Number(version) : version;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw new CallError(`the version must be a number, not ${shown(number)}`);
}

/**
 * @param {import('./contract').DataModel} model
 * @param {string} namespace
 * @param {any} item
 * @returns {string}
 * @throws {CallError}
 */
function itemJson(model, namespace, item) {
  if (typeof item !== 'object' || item === null) throw new CallError('the item is not an object');
  const { value, problem } = toJson(model, namespace, item);
  if (typeof value === 'string') return value;
  throw new CallError(`the item ${problem || 'has no JSON form'}`);
}

/**
 * @param {string} key
 * @param {string} namespace
 */
function named(key, namespace) {
  return `${JSON.stringify(key)} in ${JSON.stringify(namespace)}`;
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function shown(value) {
  return typeof value === 'string' ? JSON.stringify(value) : `of type ${typeof value}`;
}

/**
 * Returns the items of a data set. It holds all flags and segments: if one of these kinds is absent, as in SDK
 * 9's data system, that kind has no items. Other absent kinds stay unchanged in the table.
 *
 * @param {any} allData
 * @returns {[string, Record<string, any>][]} pairs of a kind and its items by key
 * @throws {CallError}
 */
function itemsByKind(allData) {
  if (typeof allData !== 'object' || allData === null) {
    throw new CallError('the data must be an object of items by key, by namespace');
  }
  /** @type {[string, Record<string, any>][]} */
  const kinds = [];
  for (const kind of new Set([...KINDS, ...Object.keys(allData)])) {
    let items = allData[kind];
    if (items === undefined || items === null) {
      if (!KINDS.includes(kind)) continue;
      items = {};
    }
    if (typeof items !== 'object' || Array.isArray(items)) {
      throw new CallError(`the data of kind ${kind} is not an object`);
    }
    kinds.push([kind, items]);
  }
  return kinds;
}

module.exports = { viewMethods };
