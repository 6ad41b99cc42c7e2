'use strict';

/**
 * Where credentials come from: fixed ones, or somebody who is asked for them.
 *
 * @typedef {import('../../native/host-functions').ClientOptions} ClientOptions
 * @typedef {import('../../../binding').NativeCredentials} NativeCredentials
 * @typedef {() => any} Provider gives an object that has credentials, or a promise of one
 */

const { fail, optional, requireObject } = require('../checks');
const { bare, own } = require('../../host/own');
const { describeFailure } = require('../../logging/redaction');

/** What may stand in an HTTP header, as credentials do in the end. */
const HEADER_TEXT = /^[\x20-\x7e]+$/;
/** The options that hold credentials, by their names in the AWS SDKs. */
const KEY_NAMES = ['accessKeyId', 'secretAccessKey', 'sessionToken'];

/**
 * @param {Record<string, any>} options
 * @returns {ClientOptions}
 */
function credentialOptions(options) {
  const isGiven = (/** @type {string} */ name) =>
    options[name] !== undefined && options[name] !== null;
  if (isGiven('credentials')) {
    return fromAny('clientOptions.credentials', options.credentials, options);
  }
  // Version 2 takes an empty one for none.
  if (KEY_NAMES.some((name) => isGiven(name) && options[name] !== '')) {
    return { credentials: credentials('clientOptions', options) };
  }
  if (isGiven('credentialProvider')) {
    const name = 'clientOptions.credentialProvider';
    return asked(name, chainProvider(name, options.credentialProvider, options));
  }
  if (isGiven('credentialDefaultProvider')) {
    const name = 'clientOptions.credentialDefaultProvider';
    const make = options.credentialDefaultProvider;
    if (typeof make !== 'function') fail(name, 'a function', make);
    /** @type {any} */
    let made;
    return asked(name, async () => {
      if (made === undefined) made = await make({ ...options });
      return typeof made === 'function' ? made(callerContext(options)) : made;
    });
  }
  return {};
}

/**
 * @param {string} name
 * @param {any} given
 * @param {Record<string, any>} options
 * @returns {ClientOptions}
 */
function fromAny(name, given, options) {
  if (typeof given === 'function') return asked(name, () => given(callerContext(options)));
  const object = requireObject(name, given);
  if (isChain(object) || isRefreshing(object)) {
    return asked(name, chainProvider(name, object, options));
  }
  const fixed = credentials(name, object);
  // What expires may be renewed in place.
  return fixed.expiresAt === undefined ? { credentials: fixed } : asked(name, () => object);
}

/**
 * What version 3 tells a provider about the client that asks.
 *
 * @param {Record<string, any>} options
 */
function callerContext({ region, profile }) {
  const callerClientConfig = {
    profile,
    region: typeof region === 'string' ? async () => region : region,
  };
  return { callerClientConfig };
}

/**
 * A chain of version 2, which is resolved once, to an object that is then asked; or a function.
 *
 * @param {string} name
 * @param {any} chain
 * @param {Record<string, any>} options
 * @returns {Provider}
 */
function chainProvider(name, chain, options) {
  if (typeof chain === 'function') return () => chain(callerContext(options));
  if (typeof chain !== 'object' || chain === null) fail(name, 'a provider', chain);
  // A chain has the methods of credentials, too, which don't work for it.
  if (!isChain(chain)) {
    if (!isRefreshing(chain)) fail(name, 'a provider', chain);
    return () => refreshed(chain);
  }
  /** @type {any} */
  let found;
  return async () => {
    if (found === undefined) {
      found =
        typeof own(chain, 'resolvePromise') === 'function'
          ? await chain.resolvePromise()
          : await new Promise((resolve, reject) => {
              chain.resolve((/** @type {any} */ error, /** @type {any} */ result) =>
                error ? reject(error) : resolve(result)
              );
            });
    }
    return isRefreshing(found) ? refreshed(found) : found;
  };
}

/**
 * @param {any} object
 * @returns {boolean} whether it is a chain of version 2's
 */
function isChain(object) {
  return ['resolve', 'resolvePromise'].some((method) => typeof own(object, method) === 'function');
}

/**
 * @param {any} object
 * @returns {boolean} whether it is one of version 2's that renews itself
 */
function isRefreshing(object) {
  return ['get', 'getPromise', 'refresh'].some(
    (method) => typeof own(object, method) === 'function'
  );
}

/**
 * @param {any} object one of version 2's
 * @returns {Promise<any>} the same object, once its keys are good
 */
async function refreshed(object) {
  /** @type {(method: string) => Promise<void>} */
  const call = (method) =>
    new Promise((resolve, reject) => {
      object[method]((/** @type {any} */ error) => (error ? reject(error) : resolve(undefined)));
    });
  const has = (/** @type {string} */ method) => typeof own(object, method) === 'function';
  if (has('getPromise')) await object.getPromise();
  else if (has('get')) await call('get');
  else if (!has('needsRefresh') || object.needsRefresh()) await call('refresh');
  return object;
}

/**
 * Lets the native store ask. When it asks is its business.
 *
 * @param {string} name
 * @param {Provider} provider
 * @returns {ClientOptions}
 */
function asked(name, provider) {
  return {
    askCredentials: async () => {
      try {
        return { value: credentials(name, await provider()) };
      } catch (failure) {
        return { failure: describeFailure(failure) };
      }
    },
  };
}

/**
 * @param {string} name the option that holds them
 * @param {unknown} value
 * @returns {NativeCredentials}
 */
function credentials(name, value) {
  const given = requireObject(name, value);
  const member = (/** @type {string} */ one) => own(given, one);
  const expiration = member('expiration') || member('expireTime');
  // Both AWS SDKs take an empty token for none.
  const sessionToken = member('sessionToken') === '' ? undefined : member('sessionToken');
  return /** @type {any} */ (
    bare({
      accessKeyId: requireSecret(`${name}.accessKeyId`, member('accessKeyId')),
      secretAccessKey: requireSecret(`${name}.secretAccessKey`, member('secretAccessKey')),
      sessionToken: optional(`${name}.sessionToken`, sessionToken, requireSecret),
      expiresAt: optional(`${name}.expiration`, expiration, time),
      accountId: optional(`${name}.accountId`, member('accountId'), (_name, id) => String(id)),
    })
  );
}

/**
 * @param {string} name
 * @param {any} value
 * @returns {number} milliseconds since the Unix epoch
 */
function time(name, value) {
  const ms = new Date(value).getTime();
  if (Number.isNaN(ms)) fail(name, 'a time', value);
  return ms;
}

/**
 * @param {string} name
 * @param {unknown} value never shown
 * @returns {string}
 */
function requireSecret(name, value) {
  if (typeof value !== 'string' || !HEADER_TEXT.test(value)) {
    throw new TypeError(`${name} must be a string of visible characters, without line breaks`);
  }
  return value;
}

module.exports = { credentialOptions };
