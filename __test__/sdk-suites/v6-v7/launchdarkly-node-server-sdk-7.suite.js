'use strict';

const { version } = require('launchdarkly-node-server-sdk-7/package.json');
const tests = require('launchdarkly-node-server-sdk-7/sharedtest/store_tests');
const { runPersistentStoreSuite } = require('./persistent-store-suite');

runPersistentStoreSuite(`launchdarkly-node-server-sdk ${version}`, tests);
