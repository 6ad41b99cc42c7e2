'use strict';

/**
 * Deferred options: options whose values are functions, as version 3 of the AWS SDK allows, and settings that a
 * request handler or retry strategy of version 3 resolves later. They are resolved once, before the first
 * request.
 *
 * @typedef {import('../../native/host-functions').ClientOptions} ClientOptions
 */

const { bare, own } = require('../../host/own');
const { describeFailure } = require('../../logging/redaction');

/** The options that may be functions. */
const MAY_BE_FUNCTIONS = [
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
 * Reads the options that are known now. If there are deferred ones, adds a function that resolves and reads all
 * options.
 *
 * @param {Record<string, any>} options
 * @param {(options: Record<string, any>) => ClientOptions} read throws for a bad value
 * @returns {ClientOptions}
 */
function readDeferred(options, read) {
  const resolvers = resolversOf(options);
  const names = Object.keys(resolvers);
  if (names.length === 0) return read(options);
  const known = bare(options);
  for (const name of names) delete known[name];
  return bare(read(known), {
    deferredOptions: async () => {
      let failing = '';
      try {
        const all = bare(options);
        for (const name of names) {
          failing = `clientOptions.${name}: `;
          all[name] = await resolvers[name]();
        }
        failing = '';
        return { value: read(all) };
      } catch (failure) {
        return { failure: `${failing}${describeFailure(failure)}` };
      }
    },
  });
}

/**
 * @param {Record<string, any>} options
 * @returns {Record<string, () => any>} functions by option name
 */
function resolversOf(options) {
  /** @type {Record<string, () => any>} */
  const resolvers = {};
  for (const name of MAY_BE_FUNCTIONS) {
    if (typeof options[name] === 'function') resolvers[name] = options[name];
  }
  const { requestHandler: handler, retryStrategy: strategy } = options;
  // Version 3's handlers hold a promise of their configuration.
  const configProvider = own(handler, 'configProvider');
  if (configProvider && typeof own(handler, 'httpHandlerConfigs') === 'function') {
    resolvers.requestHandler = async () => {
      const config = await configProvider;
      return bare(config, handler.httpHandlerConfigs());
    };
  }
  if (strategy && typeof strategy === 'object' && !own(strategy, 'maxAttempts')) {
    const maxAttemptsProvider = own(strategy, 'maxAttemptsProvider');
    if (typeof maxAttemptsProvider === 'function' && !options.maxAttempts) {
      resolvers.maxAttempts = () => maxAttemptsProvider.call(strategy);
    }
  }
  return resolvers;
}

module.exports = { readDeferred };
