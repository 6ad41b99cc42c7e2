'use strict';

/**
 * The AWS settings of test processes and their children: made-up credentials and a region, so that
 * nothing looks for them on the network or in the home directory of whoever runs the tests.
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

/** Settings of the surroundings that would lead a test elsewhere. */
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
