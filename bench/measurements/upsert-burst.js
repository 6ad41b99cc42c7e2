'use strict';

const { flag } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { now } = require('../helpers/clock');
const { openStore } = require('../helpers/open');

const UPSERTS = 1000;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: UPSERTS,
  delayMs: 5,
  figures: [
    {
      id: 'upsert-burst',
      label: '1,000 upserts at once, 5 ms for each answer',
      unit: 'ms',
      inChart: true,
    },
  ],

  async measure(context) {
    const opened = openStore(context);
    const flags = Array.from({ length: UPSERTS }, (_, index) => {
      const known = flag(index);
      return { ...known, version: known.version + 1 };
    });
    const started = now();
    await Promise.all(
      flags.map((item) => answer((callback) => opened.upsert(FEATURES, item, callback)))
    );
    return { 'upsert-burst': now() - started };
  },
};
