'use strict';

const { CONTEXT } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { nanosecondsPerOperation } = require('../helpers/per-operation');
const { ours, oursInSdk9 } = require('../stores');

/** Longer than the measurement. */
const CACHE_TTL = 600;
const SEGMENTS = { namespace: 'segments' };
/** The context is the last member. */
const INCLUDED = [...Array.from({ length: 9999 }, (_, index) => `target-${index}`), CONTEXT.key];
const SEGMENT = { key: 'segment', version: 1, included: INCLUDED, excluded: [], rules: [] };
const FLAG = {
  key: 'flag',
  version: 1,
  on: true,
  prerequisites: [],
  targets: [],
  rules: [
    {
      id: 'members',
      variation: 0,
      clauses: [{ attribute: '', op: 'segmentMatch', values: ['segment'], negate: false }],
    },
  ],
  fallthrough: { variation: 1 },
  offVariation: 1,
  variations: ['member', 'none'],
  salt: 'salt',
};

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 0,
  stores: [ours, oursInSdk9],
  figures: [
    { id: 'variation-as-read', label: 'variation, segment of 10,000, read', unit: 'ns' },
    { id: 'variation-own-init', label: 'the same after an own init', unit: 'ns' },
    { id: 'variation-own-upsert', label: 'the same after an own upsert', unit: 'ns' },
  ],

  async measure({ store, endpoint, logger }) {
    const sdk = store.sdk.load();
    const newValue = () => store.create(store.load(), { endpoint, logger, cacheTTL: CACHE_TTL });
    const clientOf = (/** @type {any} */ featureStore) =>
      store.sdk.startClient(sdk, { featureStore }, logger);
    const time = async (/** @type {any} */ client) => {
      const run = async (/** @type {number} */ count) => {
        for (let i = 0; i < count; i += 1) {
          const value = await client.variation('flag', store.sdk.subject, 'no value');
          if (value !== 'member') throw new Error(`the flag is ${value}`);
        }
      };
      return nanosecondsPerOperation(run);
    };

    /** @type {Record<string, any>} */
    const values = { init: newValue(), upsert: newValue(), read: newValue() };
    for (const value of [values.init, values.upsert]) {
      const writer = store.open(value, logger);
      const data = { features: { flag: FLAG }, segments: { segment: SEGMENT } };
      await answer((callback) => writer.init(data, callback));
    }
    const writer = store.open(values.upsert, logger);
    for (const [kind, item] of [
      [SEGMENTS, SEGMENT],
      [FEATURES, FLAG],
    ]) {
      await answer((callback) => writer.upsert(kind, { ...item, version: 2 }, callback));
    }

    /** @type {Record<string, number>} */
    const times = {};
    // The second round measures compiled code.
    for (const name of [...Object.keys(values), ...Object.keys(values)]) {
      times[name] = await time(await clientOf(values[name]));
    }
    return {
      'variation-as-read': times.read,
      'variation-own-init': times.init,
      'variation-own-upsert': times.upsert,
    };
  },
};
