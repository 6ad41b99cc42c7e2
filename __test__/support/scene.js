'use strict';

/**
 * What most tests need: a table of their own in an engine, a proxy in front of it, a logger that
 * remembers, and stores that use all three.
 */

const { after, before } = require('node:test');

const { DynamoDBBigSegmentStore, DynamoDBFeatureStore } = require('../..');
const { connection } = require('./connection');
const dynamodb = require('./dynamodb');
const { startEngine } = require('./engine');
const { startProxy } = require('./engine-proxy');
const { recordingLogger } = require('./logger');
const { PATIENT, promised } = require('./wait');

class Scene {
  /**
   * @param {{engine: string, table: string, proxy: any}} parts
   */
  constructor({ engine, table, proxy }) {
    this.engine = engine;
    this.table = table;
    this.proxy = proxy;
    this.logger = recordingLogger();
    /** Options of all of its stores. */
    this.defaults = {};
    /** @type {any[]} */
    this.values = [];
  }

  /**
   * @param {object} [options] options of the store besides those that point to this scene
   * @returns {any} a store value
   */
  value(options = {}) {
    const value = DynamoDBFeatureStore(this.table, this.options(options));
    this.values.push(value);
    return value;
  }

  /**
   * @param {object} [options] likewise
   * @returns {any} a big segment store value
   */
  bigSegmentStore(options) {
    const value = DynamoDBBigSegmentStore(this.table, this.bigSegmentOptions(options));
    this.values.push(value);
    return value;
  }

  /** The options of a big segment store that point to this scene, and others. */
  bigSegmentOptions(options) {
    const { writeTimeout: _, ...others } = this.options(options);
    return others;
  }

  /** The options that point to this scene, and others. */
  options(options = {}) {
    return {
      ...PATIENT,
      logger: this.logger,
      ...this.defaults,
      ...options,
      ...connection(this.proxy.endpoint, options),
    };
  }

  /**
   * @param {object} [options]
   * @returns a new store's methods, as functions that return promises
   */
  open(options) {
    return promised(this.value(options));
  }

  /** Puts rows behind the store's back. */
  async put(...rows) {
    await dynamodb.putRows(this.engine, this.table, rows);
  }

  /** @returns {Promise<any>} a row as it is in the table */
  row(namespace, key) {
    return dynamodb.getRow(this.engine, this.table, namespace, key);
  }

  /** @returns {Promise<any>} the item in a row */
  async item(namespace, key) {
    const row = await this.row(namespace, key);
    return row && JSON.parse(row.item.S);
  }

  /** @returns {Promise<object[]>} all rows of the table, ordered by namespace and key */
  rows() {
    return dynamodb.rows(this.engine, this.table);
  }

  async end() {
    for (const value of this.values) value.close();
    await this.proxy.close();
    await dynamodb.deleteTable(this.engine, this.table);
  }
}

/**
 * Starts an engine for the tests of a file.
 *
 * @param {(engine: string) => Promise<any>} [start] makes the proxy of each scene
 * @returns {(t: import('node:test').TestContext, keys?: [string, string]) => Promise<Scene>} makes
 *   the scene of one test, which ends with the test; `keys` are the table's
 */
function scenes(start = startProxy) {
  let engine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine.close());
  return async (t, keys) => {
    const table = await dynamodb.createTable(engine.endpoint, keys);
    const proxy = await start(engine.endpoint);
    const scene = new Scene({ engine: engine.endpoint, table, proxy });
    t.after(() => scene.end());
    return scene;
  };
}

/** For how long a test waits for the machine to be fast enough. */
const SLOW_MACHINE_MS = 120_000;

/**
 * Tests what a store can only do while its close waits, which is for a second at most. Where the machine was
 * too slow for that, the test begins again in another scene.
 *
 * @param {() => Promise<Scene>} newScene
 * @param {(scene: Scene) => Promise<{closedAt: number, verify: () => Promise<void>}>} run
 */
async function withinTheSecond(newScene, run) {
  const end = Date.now() + SLOW_MACHINE_MS;
  for (;;) {
    const { closedAt, verify } = await run(await newScene());
    const now = Date.now();
    if (now - closedAt < 1000 || now > end) return verify();
  }
}

module.exports = { scenes, withinTheSecond };
