'use strict';

/**
 * Makes stores, reads from each and closes it, one after the other.
 *
 * Input: `endpoint`, `stores`, `samples` (how often descriptors and threads are counted).
 */

const { readdirSync } = require('node:fs');

const { Subject, print } = require('./calls');

const { endpoint, stores, samples } = JSON.parse(process.argv[2]);

function counts() {
  const count = (folder) => readdirSync(`/proc/self/${folder}`).length;
  return { descriptors: count('fd'), threads: count('task') };
}

async function main() {
  let answered = 0;
  const lines = [];
  const before = counts();
  const found = [];
  for (let i = 1; i <= stores; i += 1) {
    const subject = new Subject(endpoint);
    const { item } = await subject.read();
    if (item) answered += 1;
    subject.close();
    lines.push(...subject.logger.lines);
    if (i % (stores / samples) === 0) found.push(counts());
  }
  print({ answered, lines: lines.slice(0, 3), before, counts: found });
}

main();
