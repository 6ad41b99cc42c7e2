const { readInEach, scenarios, setIn } = require('../../../inside');

// Set before the package is loaded.
for (const [name, value] of scenarios()[0].settings) setIn(process.env, name, value);

const root = require('../../../../..');

test('the environment of the test file', () => readInEach(root), 120_000);
