'use strict';

/**
 * The parts that most tests need: a table in an engine, a proxy in front of the engine, a recording logger, and
 * stores that use all three.
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
    /** Default options of all stores of the scene. */
    this.defaults = {};
    /** @type {any[]} */
    this.values = [];
  }

  /**
   * @param {object} [options] further options of the store
   * @returns {any} a store value
   */
  value(options = {}) {
    const value = DynamoDBFeatureStore(this.table, this.options(options));
    this.values.push(value);
    return value;
  }

  /**
   * @param {object} [options] further options of the store
   * @returns {any} a big segment store value
   */
  bigSegmentStore(options) {
    const value = DynamoDBBigSegmentStore(this.table, this.bigSegmentOptions(options));
    this.values.push(value);
    return value;
  }

  /** Returns the options that connect a big segment store to this scene, with further options. */
  bigSegmentOptions(options) {
    const { writeTimeout: _, ...others } = this.options(options);
    return others;
  }

  /** Returns the options that connect a store to this scene, with further options. */
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
   * @returns the methods of a new store as functions that return promises
   */
  open(options) {
    return promised(this.value(options));
  }

  /** Puts rows into the table without a store. */
  async put(...rows) {
    await dynamodb.putRows(this.engine, this.table, rows);
  }

  /** Deletes a row of the table without a store. */
  async remove(namespace, key) {
    await dynamodb.deleteRow(this.engine, this.table, namespace, key);
  }

  /** @returns {Promise<any>} the row in the table */
  row(namespace, key) {
    return dynamodb.getRow(this.engine, this.table, namespace, key);
  }

  /** @returns {Promise<any>} the item of a row */
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

/** How long a test is repeated on a machine that is too slow, in milliseconds. */
const SLOW_MACHINE_MS = 120_000;

/**
 * Tests what a store can do only during its close, for one second at most. If the machine was too slow, the
 * test starts again in another scene.
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
