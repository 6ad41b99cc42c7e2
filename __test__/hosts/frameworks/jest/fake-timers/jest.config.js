/** Fake timers that are there before anything is loaded, which the command line can't ask for. */

const { HOST_LEGACY, HOST_RESET } = process.env;

module.exports = {
  ...require('../jest.config'),
  rootDir: __dirname,
  fakeTimers: { enableGlobally: true, legacyFakeTimers: HOST_LEGACY === 'true' },
  resetMocks: HOST_RESET === 'true',
};
