const root = require('../../../../..');
const { openStore, scenarios } = require('../../../inside');

test('the environment of the set-up file', async () => {
  const { item } = scenarios()[Number(process.env.HOST_SCENARIO)];
  expect(await openStore(root)()).toEqual(item);
}, 120_000);
