'use strict';

const { defineTests } = require('../jest-suites');

defineTests(__dirname);
