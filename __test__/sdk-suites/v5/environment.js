'use strict';

const { suiteEnvironment } = require('../environment');

module.exports = suiteEnvironment(require('jest-environment-node'));
