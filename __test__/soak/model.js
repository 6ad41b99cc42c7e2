'use strict';

/**
 * What has to be in the table, as the only writer knows it, and random calls that change it.
 */

const { FEATURES, SEGMENTS } = require('../support/data');

const KEYS = 200;
const LARGEST_DATA_SET = 150;
const LONGEST_TEXT = 2000;

class Model {
  /** @param {() => number} random from 0 to below 1 */
  constructor(random) {
    this.random = random;
    this.version = 0;
    /** @type {Record<string, Record<string, any>>} tombstones included */
    this.items = { features: {}, segments: {} };
  }

  below(limit) {
    return Math.floor(this.random() * limit);
  }

  item(key) {
    this.version += 1;
    return { key, version: this.version, text: 'x'.repeat(this.below(LONGEST_TEXT)) };
  }

  /** @returns {any[]} a random call, its method first; it counts as made */
  nextCall() {
    const kind = this.random() < 0.8 ? FEATURES : SEGMENTS;
    const items = this.items[kind.namespace];
    const key = `key-${this.below(KEYS)}`;
    const dice = this.random();
    if (dice < 0.01) return ['init', this.newData()];
    if (dice < 0.15) {
      this.version += 1;
      items[key] = { key, version: this.version, deleted: true };
      return ['delete', kind, key, this.version];
    }
    if (dice < 0.5) {
      items[key] = this.item(key);
      return ['upsert', kind, items[key]];
    }
    return dice < 0.95 ? ['get', kind, key] : ['all', kind];
  }

  newData() {
    for (const namespace of Object.keys(this.items)) {
      const keys = Array.from({ length: this.below(LARGEST_DATA_SET) }, (_, i) => `key-${i}`);
      this.items[namespace] = Object.fromEntries(keys.map((key) => [key, this.item(key)]));
    }
    return Object.fromEntries(
      Object.entries(this.items).map(([namespace, items]) => [namespace, { ...items }])
    );
  }

  /** @returns {Record<string, any>} what `all` has to give */
  live(namespace) {
    const items = Object.entries(this.items[namespace]);
    return Object.fromEntries(items.filter(([, item]) => !item.deleted));
  }
}

module.exports = { Model };
