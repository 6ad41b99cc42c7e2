'use strict';

/**
 * Calls every method of a store in which something throws, and prints what each callback got, what was
 * logged meanwhile, and what surfaced. Ends by itself unless a request keeps the process alive.
 */

const { join } = require('node:path');

const ROOT = join(__dirname, '..', '..', '..', '..');
const { DynamoDBBigSegmentStore, DynamoDBFeatureStore } = require(ROOT);
const native = require(join(ROOT, 'lib', 'native', 'addon'));
const { ItemCache } = require(join(ROOT, 'lib', 'store', 'item-cache'));

const { table, endpoint, fault, sdk } = JSON.parse(process.argv[2]);

/** Only a guard against hanging. */
const GUARD_MS = 240_000;
const FEATURES = { namespace: 'features' };
const FLAG = { key: 'a', version: 1, on: false, variations: [], salt: '' };
const COUNT = 20_000;

const SORRY = () => {
  throw new Error('on purpose');
};
const NOTHING = () => {
  throw null;
};
const isDelivery = (text) => typeof text === 'string' && /^\[[01],/.test(text);
const { parse } = JSON;

/** @param {(parts: any[]) => any} change of what the native store delivers */
function changeDeliveries(change) {
  JSON.parse = (text, ...more) => {
    const value = parse(text, ...more);
    return isDelivery(text) ? change(value) : value;
  };
}

function replaceMethods({ prototype }, names, method) {
  for (const name of names) prototype[name] = method;
}

/** Many items, the last of which can't be written. */
function spoiled(last) {
  const features = {};
  for (let i = 0; i < COUNT; i += 1) features[`flag-${i}`] = { ...FLAG, key: `flag-${i}` };
  Object.defineProperty(features, 'last', { enumerable: true, ...last });
  return { features, segments: {} };
}

/** @type {any} */
let data = { features: { a: FLAG }, segments: {} };
/** @type {any} */
let item = FLAG;
/** @type {any} */
let kind = FEATURES;
/** @type {string[]} */
const lines = [];
const record = (line) => {
  lines.push(line);
};
/** @type {(line: string) => any} what loggers do with a line */
let log = record;
/** What is put out of order, by the name of the fault. */
const FAULTS = {
  none() {},
  'a delivery is no JSON': () => changeDeliveries(SORRY),
  'a delivery is nothing': () => changeDeliveries(() => null),
  'a delivery has other parts': () => changeDeliveries(([, generation]) => [0, generation, 5]),
  'an answer is none': () => changeDeliveries((parts) => [...parts.slice(0, 3), null]),
  'the item cache throws': () => replaceMethods(ItemCache, ['keep'], SORRY),
  'native methods throw': () => {
    const { prototype } = native.NativeStore;
    replaceMethods(
      native.NativeStore,
      Object.getOwnPropertyNames(prototype).filter(isMethod),
      SORRY
    );
    replaceMethods(native.NativeBigSegmentStore, ['membership', 'lastUpToDate'], NOTHING);
  },
  'an item throws nothing when it is written': () => {
    data = spoiled({ value: { toJSON: NOTHING } });
    item = { ...FLAG, toJSON: NOTHING };
  },
  'a getter throws': () => {
    data = spoiled({ get: SORRY });
    item = { ...FLAG };
    Object.defineProperty(item, 'key', { enumerable: true, get: SORRY });
    kind = Object.defineProperty({}, 'namespace', { get: NOTHING });
  },
  'the logger throws': () => {
    log = SORRY;
    data = spoiled({ value: { toJSON: NOTHING } });
    kind = {};
    console.error = record;
  },
  'the logger and the console throw': () => {
    log = SORRY;
    data = spoiled({ value: { toJSON: NOTHING } });
    kind = {};
    console.error = NOTHING;
  },
  'the logger rejects': () => {
    log = async () => SORRY();
    kind = {};
    console.error = record;
  },
};

function isMethod(name) {
  return name !== 'constructor';
}

const uncaught = [];
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (thrown) => uncaught.push(`${event}: ${thrown?.stack}`));
}

const logger = { error: (line) => log(line), warn: (line) => log(line) };
const options = { clientOptions: { endpoint }, logger, readTimeout: 60, writeTimeout: 60 };
/** One store for each method, so that none is disturbed by another's failure. */
function newStore() {
  const value = DynamoDBFeatureStore(table, { ...options, sdk: sdk && require(sdk) });
  return sdk ? value({ basicConfiguration: {} }) : value;
}

/**
 * What each method is given. The item that is deleted is not the one that is read, because the stores share a table.
 *
 * @type {Record<string, () => any[]>}
 */
const METHODS = {
  get: () => [kind, 'a'],
  all: () => [kind],
  init: () => [data],
  upsert: () => [kind, item],
  delete: () => [kind, 'deleted', 2],
  initialized: () => [],
  isStoreAvailable: () => [],
};
const stores = Object.keys(METHODS).map((method) => [method, newStore()]);
const { writeTimeout: _, ...ofBigSegments } = options;
const bigSegments = DynamoDBBigSegmentStore(table, ofBigSegments);

FAULTS[fault]();

/** @type {Record<string, {count: number, answer?: any}>} */
const results = {};
for (const [method, store] of stores) {
  const result = { count: 0 };
  results[method] = result;
  store[method](...METHODS[method](), (...answer) => {
    result.count += 1;
    result.answer = answer.map((value) => (value instanceof Error ? 'an Error' : value));
  });
}
for (const [method, ...args] of [['getMetadata'], ['getUserMembership', 'a hash']]) {
  const result = { count: 0 };
  results[method] = result;
  const end = (answer) => {
    result.count += 1;
    result.answer = answer;
  };
  bigSegments[method](...args).then(
    () => end('resolved'),
    (thrown) => end(thrown instanceof Error ? 'rejected' : 'rejected with no Error')
  );
}

setTimeout(() => process.exit(3), GUARD_MS).unref();
process.on('exit', () => {
  JSON.parse = parse;
  process.stdout.write(JSON.stringify({ results, lines, uncaught }));
});
