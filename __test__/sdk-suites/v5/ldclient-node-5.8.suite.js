'use strict';

const { version } = require('ldclient-node-5.8/package.json');
const tests = require('ldclient-node-5.8/test/feature_store_test_base');
const { runBaseSuite } = require('./base-suite');

runBaseSuite(`ldclient-node ${version}`, tests);
