'use strict';

const { dataSet } = require('../data');
const { observe, total } = require('../helpers/observe');
const { openStore } = require('../helpers/open');
const { PERSISTENT_IN_ALL_SDKS } = require('../stores');

const FLAGS = 10_000;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 0,
  stores: PERSISTENT_IN_ALL_SDKS,
  nodeOptions: ['--expose-gc'],
  figures: [
    { id: 'init-wall', label: 'init with 10,000 flags', unit: 'ms', inChart: true },
    { id: 'init-main', label: 'init, time of the main thread', unit: 'ms' },
    { id: 'init-stall', label: 'init, longest stall', unit: 'ms', inChart: true },
    { id: 'init-get-requests', label: 'init, requests GetItem', unit: '' },
    { id: 'init-query-requests', label: 'init, requests Query', unit: '' },
    { id: 'init-batch-requests', label: 'init, requests BatchWriteItem', unit: '' },
    { id: 'init-requests', label: 'init, all requests', unit: '' },
    { id: 'init-rows', label: 'init, rows written', unit: '' },
    { id: 'init-again-wall', label: 'init with the same data again', unit: 'ms' },
    { id: 'init-again-main', label: 'init again, time of the main thread', unit: 'ms' },
    { id: 'init-again-stall', label: 'init again, longest stall', unit: 'ms' },
    { id: 'init-again-requests', label: 'init again, all requests', unit: '' },
    { id: 'init-again-rows', label: 'init again, rows written', unit: '' },
  ],

  async measure(context) {
    const opened = openStore(context);
    const init = () => {
      const data = dataSet(FLAGS);
      // Garbage from making the data must not count towards the store.
      globalThis.gc?.();
      return observe(context.endpoint, (callback) => opened.init(data, callback));
    };
    const first = await init();
    const second = await init();
    return {
      'init-wall': first.wall,
      'init-main': first.main,
      'init-stall': first.stall,
      'init-get-requests': first.requests.GetItem ?? 0,
      'init-query-requests': first.requests.Query ?? 0,
      'init-batch-requests': first.requests.BatchWriteItem ?? 0,
      'init-requests': total(first.requests),
      'init-rows': first.rowsWritten,
      'init-again-wall': second.wall,
      'init-again-main': second.main,
      'init-again-stall': second.stall,
      'init-again-requests': total(second.requests),
      'init-again-rows': second.rowsWritten,
    };
  },
};
