'use strict';

/**
 * Brings a prefix to what LaunchDarkly has, once or again and again. `syncFlags` does the same for programs; here the
 * plan is printed between the request to LaunchDarkly and the writes.
 *
 * @typedef {import('../arguments').Values} Values
 *
 * @typedef {import('../plan').Place} Place
 */

const { SUCCESS } = require('../exit-codes');
const { Failure, UsageError } = require('../failure');
const { RequestFailure, withOptionNames } = require('../explain');
const { print, printJson, readerHasLeft } = require('../output');
const {
  KnownEtag,
  describeFailure,
  fetchFlags,
  printable,
  syncOptions,
  withoutKey,
  writeNewest,
} = require('../package');
const { announce, done, inDetail } = require('../plan');
const { Progress } = require('../progress');
const { Table } = require('../table');
const { Style, notice } = require('../text');

const DEFAULT_VARIABLE = 'LAUNCHDARKLY_SDK_KEY';

/**
 * @param {Values} values
 * @returns {Promise<number>}
 */
async function sync(values) {
  if (values.watch !== undefined && values.dryRun) {
    throw new UsageError('--watch and --dry-run exclude each other');
  }
  const key = keyOf(values);
  const synced = new Sync(values, optionsOf(values, key));
  const stop = values.watch === undefined ? undefined : new Stop();
  await hidingKey(key, () => synced.round());
  if (values.watch === undefined || stop === undefined) return SUCCESS;
  for (;;) {
    await stop.pause(values.watch);
    if (stop.isRequested || readerHasLeft()) return SUCCESS;
    try {
      await hidingKey(key, () => synced.round());
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      console.error(notice(process.stderr, failure.message, failure.steps));
    }
  }
}

/**
 * @param {Values} values
 * @returns {string} the SDK key
 */
function keyOf({ sdkKeyEnv = DEFAULT_VARIABLE }) {
  const key = process.env[sdkKeyEnv];
  if (key) return key;
  throw new UsageError(`the variable ${sdkKeyEnv} is not set`, [
    { text: 'Set it to the SDK key of the environment, or name another one with --sdk-key-env' },
  ]);
}

/**
 * @param {Values} values
 * @param {string} sdkKey
 * @returns {any} the options of `syncFlags`
 */
function optionsOf(values, sdkKey) {
  const { table, baseUri, allowOlder, allowEmpty } = values;
  // The client options are those of the connection to LaunchDarkly.
  const clientOptions = { proxyFromEnvironment: true };
  try {
    return syncOptions(table, { sdkKey, baseUri, allowOlder, allowEmpty, clientOptions });
  } catch (/** @type {any} */ failure) {
    if (!(failure instanceof TypeError)) throw failure;
    const text = failure.message.replace(
      'sdkKey',
      `the variable ${values.sdkKeyEnv || DEFAULT_VARIABLE}`
    );
    // An argument is always a string.
    throw new UsageError(withOptionNames(text).replace(/, not a string$/, ''));
  }
}

/**
 * Runs work whose failures must not show the key, whatever a server or a proxy answers.
 *
 * @param {string} key
 * @param {() => Promise<void>} work
 */
async function hidingKey(key, work) {
  try {
    await work();
  } catch (/** @type {any} */ failure) {
    failure.message = withoutKey(key, String(failure.message));
    if (failure.stack) failure.stack = withoutKey(key, String(failure.stack));
    throw failure;
  }
}

/** The syncs of one command. */
class Sync {
  /**
   * @param {Values} values
   * @param {any} options those of `syncFlags`, checked
   */
  constructor(values, options) {
    this.values = values;
    this.options = options;
    this.table = new Table({ ...values, prefix: values.prefix || '' });
    this.progress = new Progress();
    this.etags = new KnownEtag();
  }

  /** Syncs once, and prints what is written. */
  async round() {
    const place = await this.place();
    if (this.values.dryRun) {
      const { json } = await this.fetched(undefined);
      await this.printPlan(/** @type {string} */ (json), place);
      return;
    }
    await this.etags.use(async (known) => {
      const data = await this.fetched(known);
      if (data.json === undefined) return { notModified: true };
      const write = (/** @type {string} */ json) => this.write(json, place);
      const done = await writeNewest(data, () => this.fetched(undefined), write).catch(inWords);
      const { put, deleted, unchanged, etag } = done;
      await this.report(place, { put, deleted, unchanged });
      return { etag, notModified: false };
    });
  }

  /** @returns {Promise<Place>} */
  async place() {
    const { table, prefix = '' } = this.values;
    const { region, endpoint } = await this.table.caller();
    return { table, prefix, region, endpoint };
  }

  /**
   * @param {string | undefined} etag
   * @returns {Promise<{json?: string, etag?: string}>} the data; without `json` if it is what the ETag names
   */
  async fetched(etag) {
    const { options, progress } = this;
    progress.show(`fetching flags from ${options.baseUri.origin}`);
    try {
      return await fetchFlags(options, options.client, etag);
    } catch (/** @type {any} */ failure) {
      const { code = 'INTERNAL' } = failure;
      const message = withOptionNames(describeFailure(failure));
      throw new RequestFailure(code, printable(message), STEPS[code] || []);
    } finally {
      progress.end();
    }
  }

  /**
   * @param {string} json
   * @returns {Promise<import('../plan').Plan>}
   */
  async plan(json) {
    this.progress.show('reading the table');
    try {
      return await this.table.plan(json, this.options);
    } finally {
      this.progress.end();
    }
  }

  /**
   * @param {string} json
   * @param {Place} place
   */
  async printPlan(json, place) {
    const plan = await this.plan(json);
    if (this.values.json) await printJson({ ...place, dryRun: true, ...plan });
    else await print(inDetail(plan, place));
  }

  /**
   * Prints what is going to be written, and writes it.
   *
   * @param {string} json
   * @param {Place} place
   */
  async write(json, place) {
    const plan = await this.plan(json);
    const isNothing = plan.puts.length + plan.deletes.length === 0 && !plan.marker;
    if (!isNothing || this.values.watch === undefined) announce(plan, place);
    this.progress.show('writing');
    try {
      return await this.table.sync(json, this.options);
    } finally {
      this.progress.end();
    }
  }

  /**
   * @param {Place} place
   * @param {{put: number, deleted: number, unchanged: number}} result
   */
  async report(place, result) {
    const { json, watch } = this.values;
    if (json) await (watch === undefined ? printJson : printLine)({ ...place, ...result });
    else if (watch === undefined || result.put + result.deleted > 0) {
      await print(new Style(process.stdout).right(done(result)));
    }
  }
}

/** @type {Record<string, import('../failure').Step[]>} */
const STEPS = {
  BAD_SDK_KEY: [{ text: 'Set the variable to the SDK key of the environment' }],
  LAUNCHDARKLY_TIMED_OUT: [{ text: 'Check --base-uri and the network' }],
  LAUNCHDARKLY_UNAVAILABLE: [{ text: 'Check --base-uri, HTTPS_PROXY and the network' }],
};

/**
 * @param {any} value
 */
function printLine(value) {
  return print(JSON.stringify(value));
}

/**
 * @param {any} failure of the table, or of a sync that others keep overtaking
 * @returns {never}
 */
function inWords(failure) {
  if (failure instanceof Failure || failure.code !== 'OLDER_DATA') throw failure;
  throw new RequestFailure(failure.code, printable(describeFailure(failure)), [
    { text: 'Sync again when they have ended' },
  ]);
}

/**
 * Lets a signal end the command between two syncs, not in the middle of writes. It also ends as the first process of a
 * container, where signals without a handler do nothing. A second signal ends it at once.
 */
class Stop {
  constructor() {
    this.isRequested = false;
    /** Ends a pause. */
    this.end = () => {};
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.once(signal, () => {
        this.isRequested = true;
        this.end();
      });
    }
  }

  /**
   * @param {number} seconds
   * @returns {Promise<void>}
   */
  pause(seconds) {
    if (this.isRequested || readerHasLeft()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

module.exports = { sync };
