'use strict';

const { installedBesides, installedOurs } = require('../helpers/installed-size');
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
    { id: 'installed-packages', label: 'packages besides the SDK', unit: '' },
  ],

  async measure({ store }) {
    const { bytes, packages } =
      store === ours ? installedOurs() : installedBesides(String(store.package), store.sdk.package);
    return { 'installed-size': bytes, 'installed-packages': packages };
  },
};
