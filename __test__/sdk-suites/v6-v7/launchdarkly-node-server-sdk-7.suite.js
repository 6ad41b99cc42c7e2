'use strict';

const { version } = require('launchdarkly-node-server-sdk-7/package.json');
const tests = require('launchdarkly-node-server-sdk-7/sharedtest/store_tests');
const { runBigSegmentSuite } = require('./big-segment-suite');
const { runPersistentStoreSuite } = require('./persistent-store-suite');

const title = `launchdarkly-node-server-sdk ${version}`;
runPersistentStoreSuite(title, tests);
runBigSegmentSuite(title, tests);
