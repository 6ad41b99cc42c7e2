'use strict';

/**
 * Uses a store in a process that may have few file descriptors.
 *
 * Input: `endpoint`.
 */

const { writeSync } = require('node:fs');

const { Subject, print } = require('./calls');

const { endpoint } = JSON.parse(process.argv[2]);

async function main() {
  // Before this, it is Node that lacked descriptors.
  writeSync(2, 'started');
  const subject = new Subject(endpoint);
  const result = await subject.read();
  subject.close();
  print(result);
}

main();
