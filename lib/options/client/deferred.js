'use strict';

/**
 * Options whose value is a function, as version 3 allows: they are called once, before the first
 * request.
 *
 * @typedef {import('../../native/host-functions').ClientOptions} ClientOptions
 */

const { bare, own } = require('../../host/own');
const { describeFailure } = require('../../logging/redaction');

/** The options that may be functions. */
const FUNCTIONS = [
  'accountIdEndpointMode',
  'authSchemePreference',
  'defaultsMode',
  'disableClockSkewCorrection',
  'endpoint',
  'maxAttempts',
  'region',
  'retryMode',
  'retryStrategy',
  'useDualstackEndpoint',
  'useFipsEndpoint',
  'userAgentAppId',
];

/**
 * @param {Record<string, any>} options
 * @returns {Record<string, () => any>} how to get what is not known yet, by the name of its option
 */
function unknown(options) {
  /** @type {Record<string, () => any>} */
  const found = {};
  for (const name of FUNCTIONS) {
    if (typeof options[name] === 'function') found[name] = options[name];
  }
  const { requestHandler: handler, retryStrategy: strategy } = options;
  // A handler of version 3 knows its configuration only after a while.
  const configProvider = own(handler, 'configProvider');
  if (configProvider && typeof own(handler, 'httpHandlerConfigs') === 'function') {
    found.requestHandler = async () => {
      const config = await configProvider;
      return bare(config, handler.httpHandlerConfigs());
    };
  }
  if (strategy && typeof strategy === 'object' && !own(strategy, 'maxAttempts')) {
    const maxAttemptsProvider = own(strategy, 'maxAttemptsProvider');
    if (typeof maxAttemptsProvider === 'function' && !options.maxAttempts) {
      found.maxAttempts = () => maxAttemptsProvider.call(strategy);
    }
  }
  return found;
}

/**
 * @param {Record<string, any>} options
 * @param {(options: Record<string, any>) => ClientOptions} read
 * @returns {ClientOptions} all that is known now, and how to get all
 */
function readInTime(options, read) {
  const asked = unknown(options);
  const names = Object.keys(asked);
  if (names.length === 0) return read(options);
  const known = bare(options);
  for (const name of names) delete known[name];
  // What is wrong with these is told at once.
  return bare(read(known), {
    askOptions: async () => {
      let at = '';
      try {
        const all = bare(options);
        for (const name of names) {
          at = `clientOptions.${name}: `;
          all[name] = await asked[name]();
        }
        at = '';
        return { value: read(all) };
      } catch (failure) {
        return { failure: `${at}${describeFailure(failure)}` };
      }
    },
  });
}

module.exports = { readInTime };
