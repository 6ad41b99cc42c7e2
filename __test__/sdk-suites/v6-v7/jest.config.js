'use strict';

module.exports = {
  testEnvironment: './environment.js',
  testMatch: ['**/*.suite.js'],
  transform: {},
  watchman: false,
  // Only a guard against hanging.
  testTimeout: 120_000,
};
