'use strict';

const { CONTEXT } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { nanosecondsPerOperation } = require('../helpers/per-operation');
const { OURS } = require('../stores');

/** Longer than the measurement. */
const CACHE_TTL = 600;
const SEGMENTS = { namespace: 'segments' };
/** The context is the last member. */
const INCLUDED = [...Array.from({ length: 9999 }, (_, index) => `target-${index}`), CONTEXT.key];
const SEGMENT = { key: 'segment', included: INCLUDED, excluded: [], rules: [] };
const FLAG = {
  key: 'flag',
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
  stores: OURS,
  figures: [
    { id: 'variation-as-read', label: '`variation` with a segment of 10,000 users', unit: 'ns' },
    { id: 'variation-own-init', label: 'the same, written by an own `init`', unit: 'ns' },
    { id: 'variation-own-upsert', label: 'the same, written by an own `upsert`', unit: 'ns' },
  ],

  async measure({ store, endpoint, logger }) {
    const { sdk } = store;
    const newValue = () => store.create(store.load(), { endpoint, logger, cacheTTL: CACHE_TTL });
    const received = (/** @type {number} */ version) =>
      sdk.received({
        features: { flag: { ...FLAG, version } },
        segments: { segment: { ...SEGMENT, version } },
      });

    /** @type {Record<string, any>} */
    const values = { init: newValue(), upsert: newValue(), read: newValue() };
    for (const value of [values.init, values.upsert]) {
      const writer = sdk.open(value, logger);
      await answer((callback) => writer.init(received(1), callback));
    }
    const writer = sdk.open(values.upsert, logger);
    const { features, segments } = received(2);
    await answer((callback) => writer.upsert(SEGMENTS, segments.segment, callback));
    await answer((callback) => writer.upsert(FEATURES, features.flag, callback));

    /** @type {Record<string, number>} */
    const times = {};
    // The second round measures compiled code.
    for (const name of [...Object.keys(values), ...Object.keys(values)]) {
      const client = await sdk.startClient({ featureStore: values[name] }, logger);
      times[name] = await timeOf(client, sdk.subject);
    }
    return {
      'variation-as-read': times.read,
      'variation-own-init': times.init,
      'variation-own-upsert': times.upsert,
    };
  },
};

/**
 * @param {any} client
 * @param {object} subject
 * @returns {Promise<number>} nanoseconds for an evaluation
 */
function timeOf(client, subject) {
  return nanosecondsPerOperation(async (count) => {
    for (let i = 0; i < count; i += 1) {
      const value = await client.variation('flag', subject, 'no value');
      if (value !== 'member') throw new Error(`the flag is ${value}`);
    }
  });
}
