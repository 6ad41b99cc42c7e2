'use strict';

const { flagKey } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { openStore } = require('../helpers/open');
const { callStub } = require('../stub/client');

const GETS = 1000;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 1000,
  figures: [
    {
      id: 'coalescing',
      label: '1,000 concurrent gets of one flag, requests',
      unit: '',
      inChart: true,
    },
  ],

  async measure(context) {
    const opened = openStore(context);
    const get = () => answer((callback) => opened.get(FEATURES, flagKey(0), callback));
    await Promise.all(Array.from({ length: GETS }, get));
    const { requests } = await callStub(context.endpoint, 'counts');
    return { coalescing: requests.GetItem };
  },
};
