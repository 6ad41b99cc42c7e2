'use strict';

const { installedBesides } = require('../helpers/installed-size');

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 0,
  runs: 1,
  figures: [
    { id: 'installed-size', label: 'installed size besides the SDK', unit: 'bytes', isMain: true },
    { id: 'installed-packages', label: 'packages besides the SDK', unit: '' },
  ],

  async measure({ store }) {
    const { bytes, packages } = installedBesides(store.package, store.sdk.package);
    return { 'installed-size': bytes, 'installed-packages': packages };
  },
};
