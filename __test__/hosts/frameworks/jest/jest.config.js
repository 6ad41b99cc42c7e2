module.exports = {
  testMatch: ['**/*.spec.js'],
  testEnvironment: 'node',
  transform: {},
  watchman: false,
  maxWorkers: 2,
};
