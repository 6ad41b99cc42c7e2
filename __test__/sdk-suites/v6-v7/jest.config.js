'use strict';

module.exports = {
  testEnvironment: './environment.js',
  testMatch: ['**/*.suite.js'],
  transform: {},
  watchman: false,
};
