'use strict';

/**
 * The AWS settings of test processes and their children. Synthetic credentials and a region keep AWS SDKs from
 * searching the network or the user's home directory.
 */

const os = require('node:os');

const AWS_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'eu-west-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: os.devNull,
  AWS_SHARED_CREDENTIALS_FILE: os.devNull,
};

/** Inherited settings that could redirect a test. */
const DISTURBING = [
  'AWS_CA_BUNDLE',
  'AWS_DEFAULT_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_DYNAMODB',
  'AWS_PROFILE',
  'AWS_SESSION_TOKEN',
];

Object.assign(process.env, AWS_ENVIRONMENT);
for (const name of DISTURBING) delete process.env[name];

module.exports = { AWS_ENVIRONMENT };
