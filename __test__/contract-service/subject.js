'use strict';

/**
 * The contract tests of one SDK. The tests of persistent stores come first; all of them must pass. The others run
 * three times: without a store, with one in each client, and with clients that only read what another client has
 * written. What fails without a store, too, is the SDK's or the harness's own.
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');

const { patternOf, runHarness } = require('./harness');

const SERVICE = path.join(__dirname, 'service.js');
const PERSISTENCE = 'persistent data store';
/** The harness leaves these tests out without this option. */
const ENABLE_PERSISTENCE = '-enable-persistence-tests';
/** How often a failed test is repeated alone. The tests have time limits that a busy machine may miss. */
const REPETITIONS = 2;
/** What clients in daemon mode do differently, whatever their store: the names of tests and groups of tests. */
const OTHERWISE_IN_DAEMON_MODE = [
  // They are ready from the start.
  'evaluation/all flags state/client not ready',
  'evaluation/client not ready',
  // LaunchDarkly names the environment, which they don't talk to.
  'hooks/evaluation/provides the environment ID',
  // Another client receives the data, which has its own ID.
  'instance id/event posts',
];

/** @typedef {import('./harness').Results} Results */

class Subject {
  /**
   * @param {object} parts
   * @param {string} parts.name one of the names in `sdks.js`
   * @param {string} parts.program the harness
   * @param {string} parts.endpoint DynamoDB's
   * @param {string} parts.table
   * @param {string} parts.logs the folder for all output
   * @param {string} [parts.pattern] the tests to run; default: all
   * @param {AbortSignal} parts.signal
   */
  constructor(parts) {
    this.parts = parts;
    /** The number of tests that have run. */
    this.ran = 0;
    this.runs = 0;
  }

  /** @returns {Promise<number>} the number of tests that fail because of the store */
  async test() {
    return (await this.testPersistence()) + (await this.compare());
  }

  async testPersistence() {
    const [group, ...rest] = (this.parts.pattern || '').split('/');
    if (!new RegExp(group).test(PERSISTENCE)) return 0;
    const options = [ENABLE_PERSISTENCE];
    const chosen = ['-run', [PERSISTENCE, ...rest].join('/')];
    const results = await this.run('store', 'persistent stores', [...options, ...chosen]);
    const failed = [...results.failed, ...results.skipped.keys()];
    return this.judge('store', results, failed, options);
  }

  async compare() {
    const { pattern } = this.parts;
    const chosen = pattern ? ['-run', pattern] : [];
    const without = await this.run('none', 'without a store', chosen);
    list('skipped', [...without.skipped].map(shown));
    list('fail without a store', [...without.failed]);
    const inClient = await this.run('store', 'with the store in each client', chosen);
    const defects = await this.judge('store', without, differences(without, inClient));
    const inReader = await this.run('reader', 'with a second client that reads', chosen);
    const [otherwise, others] = split(differences(without, inReader), isOtherwiseInDaemonMode);
    list('are otherwise in daemon mode', otherwise);
    return defects + (await this.judge('reader', without, others));
  }

  /**
   * Runs tests and prints their numbers.
   *
   * @param {import('./client').Stores} stores
   * @param {string} title
   * @param {string[]} args of the harness
   * @returns {Promise<Results>}
   */
  async run(stores, title, args) {
    const results = await this.runSilently(stores, args);
    const { count, failed, skipped, seconds } = results;
    this.ran += count;
    const counts = `${count} ran, ${failed.size} failed, ${skipped.size} skipped`;
    console.log(`  ${title}: ${counts}, in ${seconds} s`);
    return results;
  }

  async runSilently(stores, args) {
    const { name, program, endpoint, table, logs, signal } = this.parts;
    this.runs += 1;
    const begun = Date.now();
    const log = (what) => path.join(logs, `${name}-${this.runs}-${stores}.${what}.log`);
    const output = fs.openSync(log('service'), 'w');
    const setting = JSON.stringify({ name, stores, endpoint, table });
    const service = fork(SERVICE, [setting], { stdio: ['ignore', output, output, 'ipc'], signal });
    fs.closeSync(output);
    // The process also ends with this one.
    service.once('error', () => {});
    try {
      const ended = once(service, 'exit').then(() => {
        throw new Error(`The service has ended. Its output is in ${log('service')}`);
      });
      const [{ url }] = await Promise.race([once(service, 'message'), ended]);
      const harness = runHarness({ program, url, args, log: log('harness'), signal });
      const results = await Promise.race([harness, ended]);
      return { ...results, seconds: Math.round((Date.now() - begun) / 1000) };
    } finally {
      service.kill();
    }
  }

  /**
   * Repeats tests that failed, each alone, and prints the outcome.
   *
   * @param {import('./client').Stores} stores
   * @param {Results} results of a run with these tests
   * @param {string[]} names
   * @param {string[]} [options] of the harness
   * @returns {Promise<number>} the number of those that fail every time
   */
  async judge(stores, { ran }, names, options = []) {
    let failing = names;
    for (let n = 0; n < REPETITIONS && failing.length > 0; n += 1) {
      const chosen = failing.flatMap((name) => ['-run', patternOf(name, ran)]);
      const again = await this.runSilently(stores, [...options, ...chosen]);
      const passes = (name) => again.ran.has(name) && !again.failed.has(name);
      const [passing, others] = split(failing, passes);
      list('failed at first and passed when they were repeated', passing);
      failing = others;
    }
    list('FAIL WITH THE STORE', failing);
    return failing.length;
  }
}

/**
 * @param {Results} without
 * @param {Results} withStore
 * @returns {string[]} the tests that only fail, or don't run, with the store
 */
function differences(without, withStore) {
  const missing = [...without.ran].filter((name) => !withStore.ran.has(name));
  const failed = [...withStore.failed].filter((name) => !without.failed.has(name));
  return [...new Set([...missing, ...failed])];
}

/** @param {[string, string]} skipped */
function shown([name, reason]) {
  return reason === '' ? name : `${name}: ${reason}`;
}

/** @param {string} name */
function isOtherwiseInDaemonMode(name) {
  return OTHERWISE_IN_DAEMON_MODE.some((each) => `${name}/`.startsWith(`${each}/`));
}

/**
 * @param {string[]} names
 * @param {(name: string) => boolean} condition
 * @returns {[string[], string[]]} those for which it holds, and the others
 */
function split(names, condition) {
  return [names.filter(condition), names.filter((name) => !condition(name))];
}

/**
 * @param {string} what
 * @param {string[]} names
 */
function list(what, names) {
  if (names.length > 0) console.log([`    ${what}:`, ...names].join('\n      '));
}

module.exports = { Subject };
