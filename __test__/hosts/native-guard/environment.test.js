'use strict';

/**
 * No native thread uses the environment of the process: JavaScript may change it at any time, and a
 * worker has one of its own. Each way that leads to credentials or a setting is gone three times: with
 * a preloaded library that ends the process on such a call; the same in a worker with an environment
 * of its own; and, for what the C library reads by itself, in a debugger that watches the environment.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

require('../../support/environment');

const { FLAG, certificates, proxyServer, receiver } = require('../../support/receiver');
const { PATIENT } = require('../../support/wait');
const { nodeResult, runNode } = require('../node-process');
const { SKIP, guarded } = require('../preload');
const { imports } = require('./imports');
const { SOURCES, TOKEN, UNSET, makePlace } = require('./sources');

const READ = path.join(__dirname, 'read.js');
const GDB_SCRIPT = path.join(__dirname, 'reads-of-environ.gdb');
const openssl = certificates();

/** What reads or changes the environment, and what does so within the C library. */
const NEVER_IMPORTED = [
  ...['getenv', 'secure_getenv', 'setenv', 'unsetenv', 'putenv', 'clearenv'],
  ...['getaddrinfo', 'gethostbyname', 'gethostbyname_r'],
  ...['localtime', 'localtime_r', 'mktime', 'strftime', 'tzset', 'setlocale', 'getpwuid_r'],
];

/** What the process has, and a worker with an environment of its own doesn't see. */
const OF_THE_PROCESS = {
  AWS_ACCESS_KEY_ID: 'OF-THE-PROCESS',
  AWS_SECRET_ACCESS_KEY: 'hush',
  AWS_REGION: 'us-east-2',
  OF_BOTH: 'process',
  OF_THE_PROCESS: 'process',
};
/** What everybody has. */
const BASE = { AWS_EC2_METADATA_DISABLED: 'true', AWS_REGION: 'eu-west-1', PATH: process.env.PATH };

/**
 * @typedef {object} Way
 * @property {Record<string, string>} env the variables that lead there
 * @property {object} clientOptions
 * @property {(isWorker: boolean) => void} check what arrived
 */

/** @type {Record<string, (t: any) => Promise<Way>>} */
const WAYS = {
  'a proxy that the environment names': async (t) => {
    const proxy = await proxyServer(t);
    const clientOptions = { endpoint: 'http://dynamodb.test', proxyFromEnvironment: true };
    const check = () => assert.deepStrictEqual(proxy.paths(), ['http://dynamodb.test/']);
    return { env: { ...KEYS, HTTP_PROXY: proxy.url }, clientOptions, check };
  },
  'an endpoint that the environment names, by its name': async (t) => {
    const { port, requests } = await receiver(t);
    const check = () => assert.strictEqual(requests.length, 1);
    const env = { ...KEYS, AWS_ENDPOINT_URL_DYNAMODB: `http://localhost:${port}` };
    return { env, clientOptions: {}, check };
  },
};
const KEYS = { AWS_ACCESS_KEY_ID: 'OF-BOTH', AWS_SECRET_ACCESS_KEY: 'hush' };

for (const [name, prepare] of Object.entries(SOURCES)) {
  WAYS[`credentials from ${name}`] = async (t) => {
    const place = await makePlace(t);
    const source = prepare(place);
    const server = await receiver(t);
    const check = (isWorker) => {
      assert.strictEqual(server.requests.length, 1);
      const [{ accessKeyId, region, headers }] = server.requests;
      const token = headers['x-amz-security-token'];
      const expected = { accessKeyId: source.key, region: 'eu-west-1' };
      assert.deepStrictEqual({ accessKeyId, region }, expected);
      if (source.isTold) assert.deepStrictEqual(JSON.parse(token), source.isTold(isWorker));
      else assert.strictEqual(token, TOKEN);
    };
    const env = { HOME: place.home, ...source.env };
    return { env, clientOptions: { endpoint: server.endpoint }, check };
  };
}

for (const variable of openssl ? ['AWS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'] : []) {
  WAYS[`certificates in ${variable}`] = async (t) => {
    const server = await receiver(t, { tls: openssl.tls });
    const check = () => assert.strictEqual(server.requests.length, 1);
    const env = { ...KEYS, [variable]: openssl.caFile };
    return { env, clientOptions: { endpoint: server.endpoint }, check };
  };
}

const wanted = (clientOptions) => ({ options: { ...PATIENT, clientOptions } });

for (const [name, prepare] of Object.entries(WAYS)) {
  test(name, { skip: SKIP }, async (t) => {
    const { env, clientOptions, check } = await prepare(t);
    const all = { ...UNSET, ...BASE, OF_BOTH: 'process', ...env, ...guarded(t) };
    const result = await nodeResult(READ, wanted(clientOptions), { env: all });
    assert.deepStrictEqual(result, { item: FLAG, lines: [] });
    check(false);
  });

  test(`${name}, in the environment of a worker`, { skip: SKIP }, async (t) => {
    const { env, clientOptions, check } = await prepare(t);
    const { home, write } = await makePlace(t);
    write('.aws/credentials', '[default]\naws_access_key_id = OF-THE-PROCESS\n');
    const all = { ...UNSET, ...OF_THE_PROCESS, HOME: home, ...guarded(t) };
    const workerEnv = { ...BASE, OF_BOTH: 'worker', OF_THE_WORKER: 'worker', ...env };
    const input = { ...wanted(clientOptions), workerEnv };
    const result = await nodeResult(READ, input, { env: all });
    assert.deepStrictEqual(result, { item: FLAG, lines: [] });
    check(true);
  });
}

test('the addon imports nothing that uses the environment', {
  skip: process.platform !== 'linux' && 'the addon is no ELF file here',
}, () => {
  require('../../..');
  const addon = Object.keys(require.cache).find((file) => file.endsWith('.node'));
  const found = imports(addon);
  // An empty list would say nothing.
  assert.ok(found.includes('malloc'));
  assert.deepStrictEqual(
    found.filter((name) => NEVER_IMPORTED.includes(name)),
    []
  );
});

const hasNoGdb = spawnSync('gdb', ['--version']).error && 'there is no gdb';

test('the addon reads no environment through the C library either', {
  skip: hasNoGdb,
}, async (t) => {
  for (const [name, prepare] of Object.entries(WAYS)) {
    const { env, clientOptions, check } = await prepare(t);
    const all = { ...UNSET, ...BASE, DEBUGINFOD_URLS: '', OF_BOTH: 'process', ...env };
    const through = ['gdb', '-nx', '-batch', '-x', GDB_SCRIPT, '--args'];
    const { stdout } = await runNode(READ, wanted(clientOptions), { env: all, through });
    const [, ...reads] = stdout.split('WATCH ');
    if (reads.length === 0) {
      // Not each machine lets a debugger run processes and watch memory.
      t.skip(`gdb watches nothing here: ${stdout}`);
      return;
    }
    check(false);
    const ofAddon = reads.filter((read) => read.startsWith('other') && read.includes('.node\n'));
    assert.strictEqual(ofAddon.length, 0, `${name}: ${ofAddon.length} reads; ${ofAddon[0]}`);
  }
});
