'use strict';

const { version } = require('launchdarkly-node-server-sdk/package.json');
const tests = require('launchdarkly-node-server-sdk/test/feature_store_test_base');
const { runBaseSuite } = require('./base-suite');

runBaseSuite(`launchdarkly-node-server-sdk ${version}`, tests);
