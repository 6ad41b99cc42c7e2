'use strict';

const { packageBytes, packedBytes } = require('../helpers/installed-size');
const { ours } = require('../stores');

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 0,
  runs: 1,
  figures: [
    {
      id: 'installed-size',
      label: 'installed besides the SDK',
      unit: 'bytes',
      inChart: true,
    },
  ],

  async measure({ store }) {
    const bytes =
      store === ours ? packedBytes() : packageBytes(String(store.package), store.sdk.package);
    return { 'installed-size': bytes };
  },
};
