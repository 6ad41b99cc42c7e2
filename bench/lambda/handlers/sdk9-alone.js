'use strict';

const LaunchDarkly = require('@launchdarkly/node-server-sdk');

const client = LaunchDarkly.init('sdk-key', { useLdd: true, sendEvents: false });

exports.handler = async ({ flag, user }) => {
  await client.waitForInitialization({ timeout: 5 });
  return { value: await client.variation(flag, user, 'no value') };
};
