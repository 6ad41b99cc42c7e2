const root = require('../../../../..');
const { readInEach } = require('../../../inside');

test('the environment of the test file, as it is later', () => readInEach(root), 120_000);
