'use strict';

/** Uses a store in a primary process and in each of several workers of a cluster. Prints what all got. */

const cluster = require('node:cluster');
const { once } = require('node:events');

const { DynamoDBFeatureStore } = require('../../../..');

const { table, options, workers } = JSON.parse(process.argv[2]);
const store = DynamoDBFeatureStore(table, options);
const read = () => new Promise((resolve) => store.get({ namespace: 'features' }, 'a', resolve));

async function main() {
  const others = Array.from({ length: workers }, async () => {
    const worker = cluster.fork();
    const [item] = await once(worker, 'message');
    worker.disconnect();
    return item;
  });
  const found = await Promise.all([read(), ...others]);
  process.stdout.write(JSON.stringify(found.map(({ key }) => key)));
}

if (cluster.isPrimary) main();
else read().then((item) => process.send(item));
