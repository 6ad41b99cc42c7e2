'use strict';

const { dataSet, flagKey } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { openStore } = require('../helpers/open');
const { callStub } = require('../stub/client');

const FLAGS = 1000;
const GETS = 1000;

/** @type {import('./index').Measurement} counts, which are the same in each run */
module.exports = {
  flags: FLAGS,
  runs: 1,
  figures: [
    { id: 'coalescing', label: '1,000 concurrent `get`s of one flag, requests', unit: '' },
    {
      id: 'init-again-requests',
      label: '`init` with the same 1,500 items again, requests',
      unit: '',
    },
    {
      id: 'init-again-rows',
      label: '`init` with the same 1,500 items again, rows written',
      unit: '',
    },
  ],

  async measure(context) {
    const opened = openStore(context);
    const counted = async (/** @type {() => Promise<any>} */ work) => {
      await callStub(context.endpoint, 'reset');
      await work();
      const { requests, rowsWritten } = await callStub(context.endpoint, 'counts');
      return { requests: total(requests), rowsWritten };
    };
    const get = () => answer((callback) => opened.get(FEATURES, flagKey(0), callback));
    const init = () => {
      const data = context.store.sdk.received(dataSet(FLAGS));
      return answer((callback) => opened.init(data, callback));
    };
    const gets = await counted(() => Promise.all(Array.from({ length: GETS }, get)));
    await init();
    const again = await counted(init);
    return {
      coalescing: gets.requests,
      'init-again-requests': again.requests,
      'init-again-rows': again.rowsWritten,
    };
  },
};

/**
 * @param {Record<string, number>} requests by operation
 * @returns {number}
 */
function total(requests) {
  return Object.values(requests).reduce((sum, count) => sum + count, 0);
}
