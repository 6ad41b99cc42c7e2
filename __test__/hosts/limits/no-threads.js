'use strict';

/**
 * Uses a store while no thread can be started, and again when they can.
 *
 * Input: `endpoint`; `after`, what comes before (see `prepared`); `asks`, whether the limit is set by the
 * parent, which is asked for it by a line and answers with one.
 */

const { once } = require('node:events');
const { writeSync } = require('node:fs');
const { stat } = require('node:fs/promises');

const { turnOff, turnOn } = require('../preload/switches');
const { prepared, print } = require('./calls');

const { endpoint, after, asks } = JSON.parse(process.argv[2]);

async function limit(isOn) {
  if (!asks) {
    if (isOn) turnOn('no-threads');
    else turnOff('no-threads');
    return;
  }
  writeSync(1, isOn ? 'limit\n' : 'lift\n');
  await once(process.stdin, 'data');
}

async function main() {
  // Node starts its pool on first use, and ends the process where it can't.
  await stat(__filename);
  const subject = await prepared(endpoint, after);
  await limit(true);
  const meanwhile = await subject.read();
  await limit(false);
  const afterwards = await subject.read();
  subject.close();
  print({ meanwhile, afterwards });
  process.stdin.destroy();
}

main();
