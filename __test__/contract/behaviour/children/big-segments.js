'use strict';

const { DynamoDBBigSegmentStore } = require('../../../..');

const { table, endpoint, closes } = JSON.parse(process.argv[2]);

async function main() {
  const store = DynamoDBBigSegmentStore(table, { clientOptions: { endpoint } });
  console.log(JSON.stringify(await store.getMetadata()));
  if (closes) store.close();
}

main();
