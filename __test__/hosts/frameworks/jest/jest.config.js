module.exports = {
  testMatch: ['**/*.spec.js'],
  testEnvironment: 'node',
  transform: {},
  watchman: false,
  // Only a guard against hanging.
  testTimeout: 120_000,
  maxWorkers: 2,
};
