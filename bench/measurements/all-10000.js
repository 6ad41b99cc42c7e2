'use strict';

const { Session } = require('node:inspector');
const { setTimeout: pause } = require('node:timers/promises');

const { flagKey } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { observe } = require('../helpers/observe');
const { openStore } = require('../helpers/open');

const FLAGS = 10_000;
/** Longer than the measurement. */
const CACHE_TTL = 600;
/** Memory returns to the system some time after a collection. */
const COLLECTIONS = 5;
const PAUSE_MS = 200;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: FLAGS,
  figures: [
    { id: 'all-wall', label: 'first `all` of 10,000 flags', unit: 'ms', isMain: true },
    { id: 'all-main', label: 'first `all` of 10,000 flags, main thread', unit: 'ms', isMain: true },
    {
      id: 'all-stall',
      label: 'first `all` of 10,000 flags, longest stall of the event loop',
      unit: 'ms',
      isMain: true,
    },
    {
      id: 'memory-rss',
      label: '10,000 flags held, memory (RSS) above Node with the SDK',
      unit: 'bytes',
      isMain: true,
    },
    {
      id: 'memory-heap',
      label: '10,000 flags held, JavaScript heap above Node with the SDK',
      unit: 'bytes',
    },
  ],

  async measure(context) {
    context.store.sdk.load();
    const before = await memory();
    const opened = openStore(context, { cacheTTL: CACHE_TTL });
    const cost = await observe((callback) => opened.all(FEATURES, callback));
    for (let index = 0; index < FLAGS; index += 1) {
      await answer((callback) => opened.get(FEATURES, flagKey(index), callback));
    }
    const after = await memory();
    // This use keeps the store from being collected before.
    opened.close();
    return {
      'all-wall': cost.wall,
      'all-main': cost.main,
      'all-stall': cost.stall,
      'memory-rss': after.rss - before.rss,
      'memory-heap': after.heapUsed - before.heapUsed,
    };
  },
};

/**
 * Has V8 give back what it does not use, as it does by itself when a process has been idle for some 20 seconds.
 */
async function memory() {
  const session = new Session();
  session.connect();
  for (let i = 0; i < COLLECTIONS; i += 1) {
    session.post('HeapProfiler.collectGarbage');
    await pause(PAUSE_MS);
  }
  session.disconnect();
  return process.memoryUsage();
}
