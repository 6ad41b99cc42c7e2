'use strict';

/**
 * Uses up its file descriptors at some moment, uses a store, frees them, and uses the store again.
 *
 * Input: `endpoint`; `free`, the descriptors that are left; `after`, what comes before
 * they are used up (see `prepared`).
 */

const { closeSync, openSync } = require('node:fs');
const { devNull } = require('node:os');

const { prepared, print } = require('./calls');

const { endpoint, free, after } = JSON.parse(process.argv[2]);

async function main() {
  const subject = await prepared(endpoint, after);
  const leaked = [];
  try {
    for (;;) leaked.push(openSync(devNull, 'r'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
  for (let i = 0; i < free; i += 1) closeSync(leaked.pop());
  const meanwhile = await subject.read();
  for (const descriptor of leaked) closeSync(descriptor);
  const afterwards = await subject.read();
  subject.close();
  print({ meanwhile, afterwards });
}

main();
