'use strict';

/**
 * Runs a block of JavaScript in an application, uses what it makes, and ends. Fails if something does not work.
 * Prints what servers of the block answer, as JSON.
 *
 *     node harness.js file
 *
 * SDK clients read the table alone, syncs get the table's flag from a server in LaunchDarkly's place, and servers get a
 * free port. `TABLE` names the table, which has the flag `my-flag`.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');

const SDK = '@launchdarkly/node-server-sdk';
const NAME = 'dynamodb-feature-store';
const KEY = 'my-flag';
const FEATURES = { namespace: 'features' };
const USER = { kind: 'user', key: 'joe' };
const { TABLE = '' } = process.env;

const [, , file] = process.argv;
const text = fs.readFileSync(file, 'utf8');
const load = createRequire(file);

/** What the block makes. */
const stores = [];
const segmentStores = [];
const clients = [];
const closed = new Set();
const servers = [];
/** Handlers, and promises of results. */
const syncs = [];

/** Replaces what a module exports, so that its users get to know a replacement. */
function replaceExports(name, change) {
  load(name);
  const module = /** @type {NodeJS.Module} */ (load.cache[load.resolve(name)]);
  module.exports = change(module.exports);
  return module.exports;
}

/** Records what a function makes, with or without `new`. */
function recording(make, list) {
  const record = (made) => {
    list.push(made);
    return made;
  };
  return new Proxy(make, {
    apply: (_target, self, args) => record(Reflect.apply(make, self, args)),
    construct: (_target, args) => record(Reflect.construct(make, args)),
  });
}

const LaunchDarkly = replaceExports(SDK, (sdk) => {
  const { init } = sdk;
  // No client connects to LaunchDarkly.
  sdk.init = (key, { dataSystem, ...others } = {}) => {
    const options = { ...others, sendEvents: false };
    if (dataSystem) options.dataSystem = { ...dataSystem, useLdd: true };
    else options.useLdd = true;
    const client = init(key, options);
    const { close } = client;
    client.close = () => {
      closed.add(client);
      close.call(client);
    };
    clients.push(client);
    return client;
  };
  return sdk;
});

/** What the table has, which the application makes. */
const polling = http.createServer((_request, response) => {
  const { FLAG } = process.env;
  response.end(`{"flags":{"${KEY}":${FLAG}},"segments":{}}`);
});

/** Replaces LaunchDarkly's polling service. */
const local = (sync) => (table, options) => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (polling.address());
  const made = sync(table, { ...options, baseUri: `http://127.0.0.1:${port}` });
  syncs.push(made);
  return made;
};

const ours = replaceExports(NAME, (real) => {
  const make = recording(real, stores);
  const DynamoDBBigSegmentStore = recording(real.DynamoDBBigSegmentStore, segmentStores);
  return Object.assign(make, {
    default: make,
    DynamoDBFeatureStore: make,
    DynamoDBBigSegmentStore,
    syncFlags: local(real.syncFlags),
    createSyncHandler: local(real.createSyncHandler),
  });
});

const { listen } = http.Server.prototype;
http.Server.prototype.listen = function listenAnywhere() {
  servers.push(this);
  return listen.call(this, 0, '127.0.0.1');
};

/** A block that does not require this package goes on with what its page has required and made. */
function addGlobals() {
  let store;
  const names = {
    LaunchDarkly: () => LaunchDarkly,
    DynamoDBFeatureStore: () => ours,
    store: () => {
      store ||= ours(TABLE);
      return store;
    },
    table: () => TABLE,
  };
  for (const [name, get] of Object.entries(names)) Object.defineProperty(globalThis, name, { get });
}

const found = (store) => new Promise((resolve) => store.get(FEATURES, KEY, resolve));

/** An export is a set-up for tests, which makes the table `flags`, or the handler of a function. */
async function useExport(exported) {
  if (typeof exported === 'function') {
    await exported();
    const flag = { key: KEY, version: 1 };
    await new Promise((resolve) => ours('flags').upsert(FEATURES, flag, resolve));
    assert.strictEqual(await found(ours('flags')).then(({ version }) => version), 1);
  } else if (exported?.handler) {
    const result = await exported.handler({ user: USER.key });
    if (text.includes('createSyncHandler')) assert.strictEqual(result.unchanged, 1);
    else assert.deepStrictEqual(result, { isOn: true });
  }
}

async function readEach(made) {
  for (const store of made) assert.strictEqual((await found(store))?.key, KEY);
  for (const store of segmentStores) assert.ok((await store.getMetadata()).lastUpToDate);
}

/** @returns {Promise<Record<string, string>>} what the servers answer, by the paths that the block mentions */
async function answers() {
  const paths = ['/', ...[...text.matchAll(/['"`](\/\w+)['"`]/g)].map(([, path]) => path)];
  const all = {};
  for (const server of servers) {
    while (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
    for (const path of paths) {
      const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`);
      assert.ok(response.status < 500, `${path}: ${response.status}`);
      all[path] = await response.text();
    }
  }
  return all;
}

async function end() {
  if (process.listenerCount('SIGTERM') > 0) {
    // The block ends the process.
    process.kill(process.pid, 'SIGTERM');
    return;
  }
  for (const client of clients) client.close();
  for (const store of [...stores, ...segmentStores]) await store.close();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  polling.close();
  polling.closeAllConnections();
  if (globalThis.dynalite) globalThis.dynalite.close();
}

async function main() {
  await new Promise((resolve) => listen.call(polling, 0, '127.0.0.1', resolve));
  if (!/(require\(|from )'dynamodb-feature-store'/.test(text)) addGlobals();
  // A file of the application may set the variable.
  if (!text.includes('dotenv')) process.env.FLAG_TABLE = TABLE;
  process.env.LAUNCHDARKLY_WEBHOOK_SECRET = 'a secret';
  const { default: exported } = await import(pathToFileURL(file).href);
  const given = [...stores];
  await useExport(exported);
  for (const client of clients) {
    await client.waitForInitialization({ timeout: 60 });
    if (!closed.has(client)) assert.strictEqual(await client.variation(KEY, USER, false), true);
  }
  await Promise.all(syncs);
  // A block may close what it has made.
  if (closed.size === 0) await readEach(given);
  console.log(JSON.stringify(await answers()));
  await end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
