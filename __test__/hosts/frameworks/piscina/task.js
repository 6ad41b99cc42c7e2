'use strict';

const { parentPort } = require('node:worker_threads');

const LaunchDarkly9 = require('@launchdarkly/node-server-sdk');
const LaunchDarkly7 = require('launchdarkly-node-server-sdk');

const root = require('../../../..');
const { useEverything, useStore } = require('../checks');

module.exports = async ({ prefix, endless }) => {
  await useEverything(root, { sdk7: LaunchDarkly7, sdk9: LaunchDarkly9 }, prefix);
  if (!endless) return 'done';
  parentPort.postMessage('started');
  for (let i = 0; ; i += 1) await useStore(root, `${prefix}-${i}`);
};
