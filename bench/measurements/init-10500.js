'use strict';

const { dataSet } = require('../data');
const { observe } = require('../helpers/observe');
const { openStore } = require('../helpers/open');

/** Data sets have 500 segments besides. */
const FLAGS = 10_000;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 0,
  nodeOptions: ['--expose-gc'],
  figures: [
    { id: 'init-wall', label: '`init` with 10,500 items', unit: 'ms', isMain: true },
    { id: 'init-main', label: '`init` with 10,500 items, main thread', unit: 'ms', isMain: true },
    {
      id: 'init-stall',
      label: '`init` with 10,500 items, longest stall of the event loop',
      unit: 'ms',
      isMain: true,
    },
  ],

  async measure(context) {
    const opened = openStore(context);
    const data = context.store.sdk.received(dataSet(FLAGS));
    // Garbage from making the data must not count towards the store.
    globalThis.gc?.();
    const cost = await observe((callback) => opened.init(data, callback));
    return { 'init-wall': cost.wall, 'init-main': cost.main, 'init-stall': cost.stall };
  },
};
