'use strict';

/**
 * Options in the form that the native store takes: JSON text of `NativeOptions`. For absent options the native
 * store applies its defaults. Times are in milliseconds.
 *
 * @typedef {object} NativeOptions decoded by `src/binding/options.rs`; see also `Config` in `src/config/mod.rs`
 * @property {string} table
 * @property {string} [prefix]
 * @property {number} [cacheTtlMs]
 * @property {number} [staleIfErrorMs]
 * @property {number} [staleWhileRevalidateMs]
 * @property {number} [staleIfSlowMs]
 * @property {number} [maxCacheBytes]
 * @property {boolean} [preload]
 * @property {boolean} [consistentRead]
 * @property {number} [readTimeoutMs]
 * @property {number} [availabilityTimeoutMs]
 * @property {number} [writeTimeoutMs]
 * @property {boolean} [readOnly]
 * @property {boolean} [refill]
 * @property {NativeClientOptions} [client]
 * @property {boolean} [usesJsClient] whether requests go through the host function `jsClient`
 * @property {Record<string, string>} environment the environment variables
 *
 * @typedef {object} NativeClientOptions described by `ClientConfig` in `src/config/client.rs`
 * @property {string} [region]
 * @property {string} [endpoint]
 * @property {boolean} [ignoreConfiguredEndpoints]
 * @property {boolean} [tls]
 * @property {boolean} [fips]
 * @property {boolean} [dualStack]
 * @property {string} [accountIdEndpointMode]
 * @property {NativeCredentials} [credentials]
 * @property {boolean} [hasCredentialsProvider] whether the host function `credentials` returns them
 * @property {string} [profile]
 * @property {number} [maxAttempts] an integer
 * @property {boolean} [adaptiveRetries]
 * @property {number} [retryBaseMs]
 * @property {number} [connectTimeoutMs]
 * @property {number} [attemptTimeoutMs]
 * @property {string} [proxy] a URL
 * @property {boolean} [proxyFromEnvironment]
 * @property {string} [authorities] PEM certificates
 * @property {number} [maxRequests] an integer
 * @property {string} [userAgent]
 * @property {string} [appId]
 * @property {boolean} [clockSkewCorrection]
 * @property {number} [clockOffsetMs]
 * @property {string} [signingRegion]
 * @property {string[]} [authSchemes]
 * @property {boolean} [logRequests]
 * @property {boolean} [hasDeferredOptions] whether the host function `deferredOptions` returns all client options
 *
 * @typedef {object} NativeCredentials
 * @property {string} accessKeyId
 * @property {string} secretAccessKey
 * @property {string} [sessionToken]
 * @property {number} [expiresAt] milliseconds since the Unix epoch
 * @property {string} [accountId]
 */

/**
 * @param {object} value options or the result of a host function
 * @returns {string} JSON text
 */
function toNativeJson(value) {
  return JSON.stringify(value, finite);
}

/**
 * Replaces infinity, which JSON lacks, by the largest number, which native code treats as infinity.
 *
 * @param {string} _name
 * @param {any} value
 */
function finite(_name, value) {
  return value === Number.POSITIVE_INFINITY ? Number.MAX_VALUE : value;
}

module.exports = { toNativeJson };
