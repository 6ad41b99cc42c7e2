'use strict';

/**
 * The methods that SDK 5, 6 and 7 call on a feature store. Callbacks are optional and come exactly
 * once; of what can't be done, a line in the log says why.
 *
 * @typedef {import('./core').Core} Core
 * @typedef {import('./logger').LogRouter} LogRouter
 *
 * @typedef {object} Access
 * @property {() => Core | undefined} core the core to use; `undefined` once the view is closed
 * @property {() => void} close
 */

/**
 * @param {LogRouter} logs
 * @param {Access} access
 */
function viewMethods(logs, access) {
  /**
   * Does `work` on the open core. Input that can't be worked with, which `work` throws for, is
   * logged and answered at once.
   *
   * @param {string} name the method
   * @param {unknown} callback
   * @param {any} otherwise what is answered where the work can't be done
   * @param {(core: Core, callback: (value?: any) => void) => () => void} prepare checks the input
   */
  function run(name, callback, otherwise, prepare) {
    const answer = typeof callback === 'function' ? /** @type {any} */ (callback) : () => {};
    let work;
    try {
      const core = access.core();
      if (!core) throw new TypeError('the store is closed');
      work = prepare(core, answer);
    } catch (reason) {
      logs.log('error', `DynamoDBFeatureStore: ${name}: ${/** @type {Error} */ (reason).message}`);
      answer(otherwise);
      return;
    }
    work();
  }

  return {
    /**
     * @param {{namespace: string}} kind
     * @param {string} key
     * @param {(item: any) => void} callback
     */
    get(kind, key, callback) {
      run('get', callback, null, (core, answer) => {
        const namespace = namespaceOf(kind);
        const wanted = keyOf(key);
        return () => core.get(namespace, wanted, answer);
      });
    },

    /**
     * @param {{namespace: string}} kind
     * @param {(items: any) => void} callback
     */
    all(kind, callback) {
      run('all', callback, null, (core, answer) => {
        const namespace = namespaceOf(kind);
        return () => core.all(namespace, answer);
      });
    },

    /**
     * @param {Record<string, Record<string, any>>} allData items by key, by namespace
     * @param {() => void} [callback]
     */
    init(allData, callback) {
      run('init', callback, undefined, (core, answer) => {
        const data = itemsByKind(allData);
        return () => core.init(data, () => answer());
      });
    },

    /**
     * @param {{namespace: string}} kind
     * @param {any} item
     * @param {() => void} [callback]
     */
    upsert(kind, item, callback) {
      run('upsert', callback, undefined, (core, answer) => {
        const namespace = namespaceOf(kind);
        const json = stringify('the item', item);
        return () => core.upsert(namespace, item.key, json, () => answer());
      });
    },

    /**
     * @param {{namespace: string}} kind
     * @param {string} key
     * @param {number | string} version
     * @param {() => void} [callback]
     */
    delete(kind, key, version, callback) {
      run('delete', callback, undefined, (core, answer) => {
        const namespace = namespaceOf(kind);
        const unwanted = keyOf(key);
        const number = versionOf(version);
        return () => core.delete(namespace, unwanted, number, () => answer());
      });
    },

    /**
     * @param {(initialized: boolean) => void} callback
     */
    initialized(callback) {
      run('initialized', callback, false, (core, answer) => () => core.initialized(answer));
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
 * @param {any} kind
 * @returns {string}
 */
function namespaceOf(kind) {
  const namespace = kind && kind.namespace;
  if (typeof namespace !== 'string' || namespace === '') {
    throw new TypeError('the kind must be an object with a namespace, such as the SDK passes');
  }
  return namespace;
}

/**
 * @param {unknown} key
 * @returns {string}
 */
function keyOf(key) {
  if (typeof key !== 'string' || key === '') {
    throw new TypeError(`the key must be a string that is not empty, not ${JSON.stringify(key)}`);
  }
  return key;
}

/**
 * @param {unknown} version the types of SDK 5 to 7 declare it a string
 * @returns {number}
 */
function versionOf(version) {
  const number = typeof version === 'string' && version !== '' ? Number(version) : version;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    throw new TypeError(`the version must be a number, not ${JSON.stringify(version)}`);
  }
  return number;
}

/**
 * A kind that is `null` or absent is not given: its rows are left alone.
 *
 * @param {any} allData
 * @returns {import('../binding').NativeItems[]}
 */
function itemsByKind(allData) {
  if (typeof allData !== 'object' || allData === null) {
    throw new TypeError('the data must be an object of items by key, by namespace');
  }
  return Object.keys(allData)
    .filter((kind) => allData[kind] !== undefined && allData[kind] !== null)
    .map((kind) => ({ kind, json: stringify(`the data of kind ${kind}`, allData[kind]) }));
}

/**
 * @param {string} what
 * @param {any} value
 * @returns {string}
 */
function stringify(what, value) {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${what} is not an object`);
  try {
    return JSON.stringify(value);
  } catch (reason) {
    throw new TypeError(
      `${what} can't be written as JSON: ${/** @type {Error} */ (reason).message}`
    );
  }
}

module.exports = { viewMethods };
