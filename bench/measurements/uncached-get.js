'use strict';

const { getMany } = require('../helpers/calls');
const { mainThreadTime, now, processTime } = require('../helpers/clock');
const { openStore } = require('../helpers/open');

const FLAGS = 1000;
const CONCURRENCY = 64;
const WARM_UP_OPERATIONS = 3000;
const OPERATIONS = 20_000;
/** Ends the measurement of a slow store after this time. */
const MOST_MS = 3000;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: FLAGS,
  figures: [
    { id: 'uncached-get-main', label: 'uncached `get`, main thread', unit: 'µs', isMain: true },
    { id: 'uncached-get-cpu', label: 'uncached `get`, CPU time of the process', unit: 'µs' },
    { id: 'uncached-get-rate', label: 'uncached `get`, 64 at a time', unit: '/s', better: 'more' },
  ],

  async measure(context) {
    const opened = openStore(context, { cacheTTL: 0 });
    const common = { flags: FLAGS, concurrency: CONCURRENCY };
    await getMany(opened, { ...common, count: WARM_UP_OPERATIONS });
    const started = { wall: now(), cpu: processTime(), main: mainThreadTime() };
    const operations = await getMany(opened, {
      ...common,
      count: OPERATIONS,
      enough: () => now() - started.wall > MOST_MS,
    });
    const perOperation = (/** @type {number} */ ms) => (ms * 1e3) / operations;
    return {
      'uncached-get-rate': (operations * 1e3) / (now() - started.wall),
      'uncached-get-cpu': perOperation(processTime() - started.cpu),
      'uncached-get-main': perOperation(mainThreadTime() - started.main),
    };
  },
};
