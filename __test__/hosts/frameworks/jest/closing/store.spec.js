const { test } = require('@jest/globals');

const root = require('../../../../..');
const { useStore } = require('../../checks');

test('what is closed is let go of', async () => {
  await useStore(root, 'closing');
  const { HOST_TABLE: table, HOST_ENDPOINT: endpoint } = process.env;
  const segments = root.DynamoDBBigSegmentStore(table, { clientOptions: { endpoint } });
  await segments.getUserMembership('a hash');
  await segments.close();
});
