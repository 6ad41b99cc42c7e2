'use strict';

/**
 * Credentials: fixed ones or a provider that native code calls when it needs credentials.
 *
 * @typedef {import('../../native/host-functions').ClientOptions} ClientOptions
 * @typedef {import('../../native/options').NativeCredentials} NativeCredentials
 * @typedef {() => any} Provider returns credentials or a promise of them
 */

const { bare, own } = require('../../host/own');
const { describeFailure } = require('../../logging/redaction');
const { INVALID, fail, isSet, optional, requireObject } = require('../checks');

/** Credentials are sent in HTTP headers, which allow visible ASCII only. */
const HEADER_TEXT = /^[\x20-\x7e]+$/;
/** The options that hold credentials, by their names in the AWS SDKs. */
const KEY_NAMES = ['accessKeyId', 'secretAccessKey', 'sessionToken'];

/**
 * @param {Record<string, any>} options
 * @returns {ClientOptions}
 */
function credentialOptions(options) {
  if (isSet(options.credentials)) {
    return fromCredentialsOption('clientOptions.credentials', options.credentials, options);
  }
  // Version 2 treats an empty string as not set.
  if (KEY_NAMES.some((name) => isSet(options[name]) && options[name] !== '')) {
    return { credentials: checkedCredentials('clientOptions', options) };
  }
  if (isSet(options.credentialProvider)) {
    const name = 'clientOptions.credentialProvider';
    return fromProvider(name, chainProvider(name, options.credentialProvider, options));
  }
  if (isSet(options.credentialDefaultProvider)) {
    const name = 'clientOptions.credentialDefaultProvider';
    const make = options.credentialDefaultProvider;
    if (typeof make !== 'function') fail(name, 'a function', make);
    /** @type {any} */
    let made;
    return fromProvider(name, async () => {
      if (made === undefined) made = await make({ ...options });
      return typeof made === 'function' ? made(callerContext(options)) : made;
    });
  }
  return {};
}

/**
 * @param {string} name
 * @param {any} value the option `credentials`
 * @param {Record<string, any>} options
 * @returns {ClientOptions}
 */
function fromCredentialsOption(name, value, options) {
  if (typeof value === 'function') return fromProvider(name, () => value(callerContext(options)));
  const object = requireObject(name, value);
  if (isChain(object) || isRefreshing(object)) {
    return fromProvider(name, chainProvider(name, object, options));
  }
  const fixed = checkedCredentials(name, object);
  // The application may renew expiring credentials in place.
  return fixed.expiresAt === undefined ? { credentials: fixed } : fromProvider(name, () => object);
}

/**
 * Returns the argument that version 3 passes to a provider: the configuration of the calling client.
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
 * Makes a provider from a function or from a version 2 object. A chain is resolved once; credentials that renew
 * themselves are refreshed when needed.
 *
 * @param {string} name
 * @param {any} chain
 * @param {Record<string, any>} options
 * @returns {Provider}
 */
function chainProvider(name, chain, options) {
  if (typeof chain === 'function') return () => chain(callerContext(options));
  if (typeof chain !== 'object' || chain === null) fail(name, 'a provider', chain);
  // A chain also has the methods of credentials, but they don't work.
  if (!isChain(chain)) {
    if (!isRefreshing(chain)) fail(name, 'a provider', chain);
    return () => refreshed(chain);
  }
  /** @type {any} */
  let resolved;
  return async () => {
    if (resolved === undefined) {
      resolved =
        typeof own(chain, 'resolvePromise') === 'function'
          ? await chain.resolvePromise()
          : await new Promise((resolve, reject) => {
              chain.resolve((/** @type {any} */ error, /** @type {any} */ result) =>
                error ? reject(error) : resolve(result)
              );
            });
    }
    return isRefreshing(resolved) ? refreshed(resolved) : resolved;
  };
}

/**
 * @param {any} object
 * @returns {boolean} whether it is a provider chain of version 2
 */
function isChain(object) {
  return ['resolve', 'resolvePromise'].some((method) => typeof own(object, method) === 'function');
}

/**
 * @param {any} object
 * @returns {boolean} whether these are credentials of version 2 that renew themselves
 */
function isRefreshing(object) {
  return ['get', 'getPromise', 'refresh'].some(
    (method) => typeof own(object, method) === 'function'
  );
}

/**
 * @param {any} object credentials of version 2
 * @returns {Promise<any>} the same object, when its keys are valid
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
 * Makes a provider that checks the credentials. Native code decides when to call it.
 *
 * @param {string} name
 * @param {Provider} provider
 * @returns {ClientOptions}
 */
function fromProvider(name, provider) {
  return {
    credentialsProvider: async () => {
      try {
        return { value: checkedCredentials(name, await provider()) };
      } catch (failure) {
        return { failure: describeFailure(failure) };
      }
    },
  };
}

/**
 * @param {string} name the option that holds the credentials
 * @param {unknown} value
 * @returns {NativeCredentials}
 */
function checkedCredentials(name, value) {
  const object = requireObject(name, value);
  const member = (/** @type {string} */ one) => own(object, one);
  const expiration = member('expiration') || member('expireTime');
  // Both AWS SDKs treat an empty token as not set.
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
 * @param {unknown} value never shown in an error
 * @returns {string}
 */
function requireSecret(name, value) {
  if (typeof value !== 'string' || !HEADER_TEXT.test(value)) {
    const message = `${name} must be a string of visible characters, without line breaks`;
    throw Object.assign(new TypeError(message), INVALID);
  }
  return value;
}

module.exports = { credentialOptions };
