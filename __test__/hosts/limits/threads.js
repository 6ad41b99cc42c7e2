'use strict';

/**
 * Uses a store, and counts the threads that are there because of it.
 *
 * Input: `endpoint`.
 */

const { readdirSync } = require('node:fs');

const { Subject, print } = require('./calls');

const { endpoint } = JSON.parse(process.argv[2]);
const threads = () => readdirSync('/proc/self/task').length;

async function main() {
  const before = threads();
  const subject = new Subject(endpoint);
  const result = await subject.read();
  const added = threads() - before;
  subject.close();
  print({ result, added });
}

main();
