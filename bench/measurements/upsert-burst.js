'use strict';

const { dataSet } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { now } = require('../helpers/clock');
const { openStore } = require('../helpers/open');

const UPSERTS = 1000;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: UPSERTS,
  delayMs: 5,
  figures: [
    { id: 'upsert-burst', label: '1,000 upserts at once, 5 ms for each answer', unit: 'ms' },
  ],

  async measure(context) {
    const opened = openStore(context);
    const { features } = context.store.sdk.received(dataSet(UPSERTS));
    for (const flag of Object.values(features)) flag.version += 1;
    const started = now();
    await Promise.all(
      Object.values(features).map((flag) =>
        answer((callback) => opened.upsert(FEATURES, flag, callback))
      )
    );
    return { 'upsert-burst': now() - started };
  },
};
