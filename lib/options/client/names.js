'use strict';

/**
 * The names of all options of the AWS SDKs: those that are read, those without effect here and those that are
 * not supported.
 */

const { isSet } = require('../checks');

/** The options that are read, by the file in this folder that reads them. */
const READ_BY = {
  credentials: [
    'accessKeyId',
    'credentialDefaultProvider',
    'credentialProvider',
    'credentials',
    'secretAccessKey',
    'sessionToken',
  ],
  endpoint: [
    'accountIdEndpointMode',
    'endpoint',
    'ignoreConfiguredEndpointUrls',
    'region',
    'signingRegion',
    'sslEnabled',
    'tls',
    'useDualstackEndpoint',
    'useFipsEndpoint',
  ],
  index: [
    'apiVersion',
    'apiVersions',
    'authSchemePreference',
    'logger',
    'params',
    'profile',
    'service',
    'signatureVersion',
  ],
  retries: [
    'correctClockSkew',
    'disableClockSkewCorrection',
    'maxAttempts',
    'maxRetries',
    'retryDelayOptions',
    'retryMode',
    'retryStrategy',
    'systemClockOffset',
  ],
  transport: ['defaultsMode', 'httpOptions', 'proxyFromEnvironment', 'requestHandler'],
  userAgent: ['customUserAgent', 'userAgentAppId'],
};
/** @type {string[]} */
const READ = [];
for (const names of Object.values(READ_BY)) READ.push(...names);

/** Ignored without a warning, because they don't affect a store's requests. */
const QUIET = [
  // Version 2.
  'clientSideMonitoring',
  'computeChecksums',
  'convertEmptyValues',
  'convertResponseTypes',
  'dynamoDbCrc32',
  'endpointCacheSize',
  'endpointDiscoveryEnabled',
  'hostPrefixEnabled',
  'maxRedirects',
  'paramValidation',
  'signatureCache',
  'stsRegionalEndpoints',
  'token',
  'tokenProvider',
  'useAccelerateEndpoint',
  'useGlobalEndpoint',
  'wrapNumbers',
  // Version 3.
  'base64Decoder',
  'base64Encoder',
  'bodyLengthChecker',
  'cacheMiddleware',
  'defaultUserAgentProvider',
  'disableHostPrefix',
  'endpointDiscoveryEnabledProvider',
  'protocol',
  'runtime',
  'serviceId',
  'sha256',
  'streamCollector',
  'urlParser',
  'utf8Decoder',
  'utf8Encoder',
];
/** Options of Amazon S3 and of browsers, also ignored without a warning. */
const QUIET_KINDS = /^(s3|xhr)[A-Z]/;

/** Ignored with a warning, because a native client can't support them. */
const UNSUPPORTED = [
  'endpointProvider',
  'extensions',
  'httpAuthSchemeProvider',
  'httpAuthSchemes',
  'signer',
  'signerConstructor',
];

/** The end of a warning about an unsupported option. */
const WAY_OUT = 'pass a client of your own as dynamoDBClient if you need it';

/**
 * Warns of options that are unsupported or unknown.
 *
 * @param {Record<string, unknown>} options
 * @param {string[]} warnings
 */
function warnOfOthers(options, warnings) {
  for (const name of Object.keys(options)) {
    if (!isSet(options[name])) continue;
    if (READ.includes(name) || QUIET.includes(name) || QUIET_KINDS.test(name)) continue;
    const problem = UNSUPPORTED.includes(name) ? 'is not supported' : 'is unknown';
    warnings.push(`clientOptions.${name} ${problem} and is ignored; ${WAY_OUT}`);
  }
}

module.exports = { QUIET, READ, READ_BY, UNSUPPORTED, WAY_OUT, warnOfOthers };
