'use strict';

/**
 * The environment of measuring processes. Synthetic credentials keep AWS SDKs from searching the network or a
 * home directory; other variables that could redirect them are absent.
 */

const os = require('node:os');

function childEnvironment() {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('AWS_') && !name.startsWith('npm_') && name !== 'NODE_OPTIONS'
  );
  return {
    ...Object.fromEntries(own),
    AWS_ACCESS_KEY_ID: 'benchmark',
    AWS_SECRET_ACCESS_KEY: 'benchmark',
    AWS_REGION: 'eu-west-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: os.devNull,
    AWS_SHARED_CREDENTIALS_FILE: os.devNull,
    AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1',
  };
}

module.exports = { childEnvironment };
