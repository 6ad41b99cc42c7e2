'use strict';

/**
 * What the scripts in this folder do with a store, while something is missing and afterwards.
 */

const { writeSync } = require('node:fs');

const { recordingLogger } = require('../../support/logger');
const { promised } = require('../../support/wait');

const FEATURES = { namespace: 'features' };
const PREPARING_MS = 300;
const OPTIONS = { cacheTTL: 0, readTimeout: 5, writeTimeout: 5 };

/** A store that is made in steps, each of which may fail and may be tried again. */
class Subject {
  /**
   * @param {string} endpoint
   */
  constructor(endpoint) {
    this.endpoint = endpoint;
    this.logger = recordingLogger();
    this.store = undefined;
  }

  /** Loads the package. */
  load() {
    return require('../../..');
  }

  /** Makes the store, unless there is one. */
  make() {
    if (this.store) return;
    const { DynamoDBFeatureStore } = this.load();
    const clientOptions = { endpoint: this.endpoint };
    const options = { ...OPTIONS, clientOptions, logger: this.logger };
    this.store = promised(DynamoDBFeatureStore('my-table', options));
  }

  /**
   * Goes as far as it gets.
   *
   * @returns {Promise<{failure?: {code: string, message: string}, item?: any, initialized?: boolean,
   *   lines: any[]}>} what could not be loaded, or the answers; and what was logged
   */
  async read() {
    const from = this.logger.lines.length;
    const lines = () => this.logger.lines.slice(from);
    try {
      this.make();
    } catch ({ code, message }) {
      return { failure: { code, message }, lines: lines() };
    }
    const item = await this.store.get(FEATURES, 'a');
    const ofRead = lines();
    const initialized = await this.store.initialized();
    return { item, initialized, lines: ofRead };
  }

  close() {
    this.store?.close();
  }
}

/**
 * @param {string} endpoint
 * @param {'load' | 'make' | 'read' | 'second' | undefined} after how far it is to get; `second` is
 *   another store after one that has read
 * @returns {Promise<Subject>}
 */
async function prepared(endpoint, after) {
  const subject = new Subject(endpoint);
  if (after === 'second') {
    await subject.read();
    subject.close();
    return new Subject(endpoint);
  }
  if (after !== undefined) await subject[after]();
  // What a store prepares by itself is mostly done then, and the rest is left for the first call.
  if (after === 'make') await new Promise((resolve) => setTimeout(resolve, PREPARING_MS));
  return subject;
}

/** Prints without a new file descriptor. */
function print(value) {
  writeSync(1, JSON.stringify(value));
}

module.exports = { Subject, prepared, print };
