'use strict';

/**
 * Demonstrates the package and checks the results: `npm run demo`.
 */

const assert = require('node:assert');

const LaunchDarkly9 = require('@launchdarkly/node-server-sdk');
const LaunchDarkly7 = require('launchdarkly-node-server-sdk');
const { version: sdkVersion } = require('launchdarkly-node-server-sdk/package.json');

const { DynamoDBBigSegmentStore, DynamoDBFeatureStore, syncFlags } = require('..');
const { hashOf, membershipRow, metadataRow } = require('../__test__/support/big-segments');
const dynamodb = require('../__test__/support/dynamodb');
const { startEngine } = require('../__test__/support/engine');
const { waitFor } = require('../__test__/support/wait');
const { heading, paragraph, table: printTable } = require('./print');
const {
  CUSTOMERS,
  EXPECTED,
  EXPECTED_AT_THE_END,
  FREE_DELIVERY,
  PRODUCTION,
  REGULARS,
  REGULARS_REFERENCE,
  STAGING,
} = require('./shop');
const { startStreamServer } = require('./stream-server');

/** A guard against hanging. */
const GUARD_MS = 300_000;
/** In seconds. Short, so that the third step does not wait long. */
const CACHE_TTL = 1;

const [ADA] = CUSTOMERS;
const FLAG_KEYS = Object.keys(PRODUCTION.flags);

/** Functions to call at the end, the last one first. */
const closers = [];

async function main() {
  const engine = await startEngine();
  closers.push(() => engine.close());
  const table = await dynamodb.createTable(engine.endpoint);
  closers.push(() => dynamodb.deleteTable(engine.endpoint, table));

  /** Most real applications don't need these options. */
  const clientOptions = {
    endpoint: engine.endpoint,
    region: 'eu-west-1',
    accessKeyId: 'none',
    secretAccessKey: 'none needed here',
  };
  /** Makes a store as an application does. */
  const createStore = (prefix) =>
    DynamoDBFeatureStore(table, { prefix, cacheTTL: CACHE_TTL, clientOptions });
  const createBigSegmentStore = (prefix) =>
    DynamoDBBigSegmentStore(table, { prefix, clientOptions });
  const rows = () => dynamodb.rows(engine.endpoint, table);
  const putRow = (row) => dynamodb.putRow(engine.endpoint, table, row);

  introduce();
  const production = await receiveFlags(createStore, rows);
  const reader = await evaluateInDaemonMode(createStore);
  await seeChange(production, reader);
  await keepEnvironmentsApart(createStore, rows, reader);
  const isInTable = async ({ key }) => (await rows()).some((row) => row.key.S === key);
  await evaluateBigSegment(production, isInTable, putRow, createStore, createBigSegmentStore);
  await syncOnce((baseUri, prefix) =>
    syncFlags(table, { sdkKey: 'none-is-needed-here', baseUri, prefix, clientOptions })
  );
  paragraph('Everything was as expected.');
}

function introduce() {
  const engine = process.env.DYNAMODB_ENDPOINT || 'an embedded one (dynalite)';
  heading('dynamodb-feature-store at work');
  paragraph(`
    All of this happens on this machine. DynamoDB is ${engine}, a small server sends flags in place
    of LaunchDarkly's, and the SDK is the published launchdarkly-node-server-sdk ${sdkVersion}, at the end
    also @launchdarkly/node-server-sdk 9.
  `);
}

/** Starts an SDK client with the stream as its source, which fills the table. */
async function receiveFlags(createStore, rows) {
  heading('1. Flags arrive from LaunchDarkly and are stored in DynamoDB');
  const server = await startServer(PRODUCTION);
  await startClient({
    featureStore: createStore('production'),
    baseUri: server.url,
    streamUri: server.url,
    eventsUri: server.url,
  });
  paragraph(`
    A client of the environment "production" has connected to the stream and is ready. The store
    that it was given, with the prefix "production", has put all flags and segments into the table,
    and "$inited", which says that the data set is complete, after them:
  `);
  printRows(await rows());
  assert.deepStrictEqual(contents(await rows()), expectedContents({ production: PRODUCTION }));
  return server;
}

/** Starts an SDK client without a source other than the table. */
async function evaluateInDaemonMode(createStore) {
  heading('2. Another client evaluates them from DynamoDB alone');
  paragraph(`
    This one is in daemon mode (useLdd: true). It never connects to LaunchDarkly: all it knows, the
    segment and the prerequisite included, it reads from the table.
  `);
  const client = await startClient({ featureStore: createStore('production'), useLdd: true });
  const results = await evaluateAll(client, FLAG_KEYS);
  printResults(results);
  paragraph(`
    Eve is in the segment of beta testers, but new-checkout needs payment-api, which is off for her.
  `);
  assert.deepStrictEqual(results, EXPECTED);
  return client;
}

/** Changes a flag at LaunchDarkly. */
async function seeChange(server, reader) {
  heading('3. A flag changes');
  const banner = () => reader.variation('banner', ADA, 'no value');
  const before = await banner();
  assert.strictEqual(before, 'Summer sale');
  server.patchFlag({ ...PRODUCTION.flags.banner, version: 2, fallthrough: { variation: 1 } });
  const started = Date.now();
  await waitFor(async () => (await banner()) !== before, 'the banner to change');
  const after = await banner();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  paragraph(`
    The stream brings version 2 of "banner", and the first client writes it to the table. The client
    in daemon mode sees it when its own copy expires: cacheTTL is ${CACHE_TTL} second here, 15 by
    default.
  `);
  printTable(
    ['banner', 'value in daemon mode'],
    [
      ['before', before],
      [`${seconds} s later`, after],
    ]
  );
  assert.strictEqual(after, 'Winter sale');
}

/** Uses two prefixes in one table. */
async function keepEnvironmentsApart(createStore, rows, productionReader) {
  heading('4. Two environments in one table');
  const before = contents(await rows());
  const { url } = await startServer(STAGING);
  const uris = { baseUri: url, streamUri: url, eventsUri: url };
  await startClient({ featureStore: createStore('staging'), ...uris });
  const stagingReader = await startClient({ featureStore: createStore('staging'), useLdd: true });
  paragraph(`
    The environment "staging" has flags with the same keys. Its stores have the prefix "staging", so
    neither environment touches the other's rows. For Ada the flags are:
  `);
  const values = [];
  for (const key of FLAG_KEYS) {
    const [inProduction, inStaging] = await Promise.all(
      [productionReader, stagingReader].map((reader) => reader.variation(key, ADA, 'no value'))
    );
    values.push([key, inProduction, inStaging]);
  }
  printTable(['flag', 'production', 'staging'], values);
  paragraph('And this is the table now:');
  printRows(await rows());

  assert.deepStrictEqual(values, [
    ['payment-api', true, true],
    ['new-checkout', true, true],
    ['button-colour', 'red', 'purple'],
    ['banner', 'Winter sale', 'Not a real shop'],
  ]);
  const added = expectedContents({ staging: STAGING });
  assert.deepStrictEqual(contents(await rows()), [...before, ...added]);
}

/** Uses another SDK generation, and a big segment whose memberships are rows of their own. */
async function evaluateBigSegment(server, isInTable, putRow, createStore, createBigSegmentStore) {
  heading('5. SDK 9 on the same table, and a big segment');
  server.patchSegment(REGULARS);
  server.patchFlag(FREE_DELIVERY);
  // If an SDK reads the flag before it exists, it is unknown to the SDK for a while.
  await waitFor(() => isInTable(FREE_DELIVERY), 'the new flag');
  await putRow(metadataRow(Date.now(), 'production'));
  for (const key of ['ben', 'eve']) {
    const row = membershipRow(hashOf(key), { included: [REGULARS_REFERENCE] }, 'production');
    await putRow(row);
  }
  paragraph(`
    The stream brings a big segment, "regulars", and a flag "free-delivery" for its members. Who they
    are stands in rows of their own, which in real life the Relay Proxy writes: Ben and Eve.
  `);
  const client = await startClient(
    {
      featureStore: createStore('production'),
      bigSegments: { store: createBigSegmentStore('production') },
      useLdd: true,
    },
    LaunchDarkly9
  );
  const { key } = FREE_DELIVERY;
  const results = await evaluateAll(client, [...FLAG_KEYS, key]);
  paragraph(`
    A client of @launchdarkly/node-server-sdk 9 in daemon mode, with the same line of code and a big
    segment store, finds what that of version 7 found, and the new flag:
  `);
  printResults(results);
  const expected = CUSTOMERS.map(({ key }) => [
    key,
    { ...EXPECTED[key], ...EXPECTED_AT_THE_END[key] },
  ]);
  assert.deepStrictEqual(results, Object.fromEntries(expected));
}

/** Evaluates all flags for each customer, with reasons. */
async function evaluateAll(client, flagKeys) {
  const results = {};
  for (const customer of CUSTOMERS) {
    results[customer.key] = {};
    for (const key of flagKeys) {
      const { value, reason } = await client.variationDetail(key, customer, 'no value');
      const because = [reason.kind, reason.ruleId || reason.prerequisiteKey].filter(Boolean);
      results[customer.key][key] = [value, because.join(' ')];
    }
  }
  return results;
}

function printResults(results) {
  const described = ({ key, country, email }) => [key, `country: ${country}`, email];
  printTable(
    ['context', 'flag', 'value', 'reason'],
    CUSTOMERS.flatMap((customer) =>
      Object.entries(results[customer.key]).map(([flag, result], i) => [
        described(customer)[i] || '',
        flag,
        ...result,
      ])
    )
  );
}

/** Fills a prefix without a client that is connected to LaunchDarkly. */
async function syncOnce(sync) {
  heading('6. Flags get into the table without a long-lived process');
  const server = await startServer(PRODUCTION);
  const first = await sync(server.url, 'synced');
  server.patchFlag({ ...PRODUCTION.flags.banner, version: 3 });
  const second = await sync(server.url, 'synced');
  paragraph(`
    syncFlags fetches the environment once and brings the table to it, as a function on a schedule does. Between
    the two syncs, one flag has changed:
  `);
  const numbers = ({ put, deleted, unchanged }) => [put, deleted, unchanged];
  printTable(
    ['sync', 'written', 'deleted', 'unchanged'],
    [
      ['first', ...numbers(first)],
      ['second', ...numbers(second)],
    ]
  );
  const count = [PRODUCTION.flags, PRODUCTION.segments].flatMap(Object.keys).length;
  assert.deepStrictEqual(numbers(first), [count, 0, 0]);
  assert.deepStrictEqual(numbers(second), [1, 0, count - 1]);
}

async function startServer(environment) {
  const server = await startStreamServer(environment);
  closers.push(() => server.close());
  return server;
}

/** Starts a client and waits until it is ready. */
async function startClient(config, LaunchDarkly = LaunchDarkly7) {
  const client = LaunchDarkly.init('no SDK key is needed here', {
    logger: LaunchDarkly.basicLogger({ level: 'warn' }),
    sendEvents: false,
    ...config,
  });
  closers.push(() => client.close());
  await client.waitForInitialization();
  return client;
}

/** Returns rows as namespace, key and version. */
function contents(rows) {
  return rows.map(({ namespace, key, version }) => [namespace.S, key.S, version ? version.N : '']);
}

function expectedContents(environments) {
  return Object.entries(environments).flatMap(([prefix, { flags, segments }]) => {
    const ofKind = (kind, items) =>
      Object.values(items).map(({ key, version }) => [`${prefix}:${kind}`, key, String(version)]);
    return [
      [`${prefix}:$inited`, `${prefix}:$inited`, ''],
      ...ofKind('features', flags).sort(),
      ...ofKind('segments', segments).sort(),
    ];
  });
}

function printRows(rows) {
  printTable(['namespace', 'key', 'version'], contents(rows));
}

async function run() {
  const guard = setTimeout(() => {
    console.error('The demo hangs.');
    process.exit(1);
  }, GUARD_MS);
  try {
    await main();
  } catch (error) {
    console.error('Something is not as expected:', error);
    process.exitCode = 1;
  }
  for (const close of closers.reverse()) await close();
  clearTimeout(guard);
}

run();
