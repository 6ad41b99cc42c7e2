'use strict';

/**
 * Reads many flags at the same time, and prints how many callbacks came with nothing, and how many sockets
 * the process had open at most. Input: `table`, `options`, `reads`.
 */

const fs = require('node:fs');

const { DynamoDBFeatureStore } = require('../../..');

const { table, options, reads } = JSON.parse(process.argv[2]);
const FOLDER = '/proc/self/fd';

/** @returns {number} how many sockets are open */
function sockets() {
  const target = (name) => {
    try {
      return fs.readlinkSync(`${FOLDER}/${name}`);
    } catch {
      return '';
    }
  };
  return fs.readdirSync(FOLDER).filter((name) => target(name).startsWith('socket:')).length;
}

async function main() {
  const before = sockets();
  let most = 0;
  const sampling = setInterval(() => {
    most = Math.max(most, sockets() - before);
  }, 10);
  const silent = { error() {}, warn() {}, info() {}, debug() {} };
  const store = DynamoDBFeatureStore(table, { ...options, logger: silent });
  let answered = 0;
  let empty = 0;
  await new Promise((resolve) => {
    for (let at = 0; at < reads; at += 1) {
      store.get({ namespace: 'features' }, `flag-${at}`, (item) => {
        answered += 1;
        if (item === null) empty += 1;
        if (answered === reads) resolve(undefined);
      });
    }
  });
  clearInterval(sampling);
  store.close();
  process.stdout.write(JSON.stringify({ answered, empty, most }));
}

main();
