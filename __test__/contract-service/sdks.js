'use strict';

/**
 * The SDKs that LaunchDarkly's harness tests here, each with the harness that fits it and the capabilities that the
 * service announces: those of LaunchDarkly's own service for this SDK, and others that the SDK has.
 */

const { HARNESS, HARNESS_V3 } = require('./harness');
const { sdkNamed } = require('../support/sdks');

const COMMON = [
  'server-side',
  'server-side-polling',
  'service-endpoints',
  'all-flags-client-side-only',
  'all-flags-details-only-for-tracked-flags',
  'all-flags-with-reasons',
  'big-segments',
  'persistent-data-store-dynamodb',
  'secure-mode-hash',
  'tags',
  'user-type',
  'wrapper',
];
const OF_SDK_9 = [
  ...COMMON,
  'anonymous-redaction',
  'client-prereq-events',
  'evaluation-hooks',
  'event-gzip',
  'event-sampling',
  'filtering',
  'filtering-strict',
  'flag-change-listeners',
  'hook-environment-id',
  'inline-context-all',
  'instance-id',
  'migrations',
  'optional-event-gzip',
  'polling-gzip',
  'strongly-typed',
];

/**
 * @typedef {object} Subject
 * @property {string} harness the variable that names the harness
 * @property {string[]} capabilities
 * @property {NonNullable<ReturnType<typeof sdkNamed>>} sdk
 */

/** @type {Record<string, Subject>} */
const SUBJECTS = {
  7: subject(HARNESS, COMMON, 'launchdarkly-node-server-sdk-7'),
  9: subject(HARNESS, OF_SDK_9, 'node-server-sdk-9'),
  '9-data-system': subject(HARNESS_V3, [...OF_SDK_9, 'fdv1-fallback'], 'node-server-sdk-9', {
    dataSystem: true,
  }),
};

function subject(harness, capabilities, alias, traits) {
  return { harness, capabilities, sdk: sdkNamed(alias, traits) };
}

module.exports = { SUBJECTS };
