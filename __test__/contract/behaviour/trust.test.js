'use strict';

/**
 * Which certificates are trusted: the system's, Node's own where the system has none, and those that
 * `NODE_EXTRA_CA_CERTS` and `AWS_CA_BUNDLE` name.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');

const { childResult } = require('../../support/child');
const { FEATURES, itemRow } = require('../../support/data');
const { createTable, deleteTable, putRow } = require('../../support/dynamodb');
const { startEngine } = require('../../support/engine');
const { startProxy } = require('../../support/engine-proxy');
const { IMPATIENT, PATIENT } = require('../../support/wait');

const REPOSITORY = path.join(__dirname, '..', '..', '..');
const flag = { key: 'a', version: 1 };
/** A system that has no certificates, and no settings about them. */
const NO_ROOTS = {
  SSL_CERT_FILE: os.devNull,
  SSL_CERT_DIR: '/nonexistent',
  NODE_EXTRA_CA_CERTS: undefined,
  AWS_CA_BUNDLE: undefined,
};

/** Runs openssl, which must succeed. */
function openssl(folder, ...args) {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
}

/** Makes an authority, and a certificate of it for `localhost`. */
function makeCertificates(folder) {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-sha256'];
  const authority = ['-x509', '-days', '2', '-subj', '/CN=Test authority'];
  const files = ['-keyout', 'ca.key', '-out', 'ca.pem'];
  openssl(folder, 'req', ...authority, ...key, ...files);
  const subject = ['-subj', '/CN=localhost'];
  openssl(folder, 'req', ...key, ...subject, '-keyout', 'server.key', '-out', 'server.csr');
  const names = 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n';
  fs.writeFileSync(path.join(folder, 'server.ext'), names);
  const signed = ['-in', 'server.csr', '-out', 'server.pem', '-extfile', 'server.ext'];
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-sha256'];
  openssl(folder, 'x509', '-req', ...signed, ...by);
  // One that is an authority itself, as openssl makes it, and one that is not.
  const own = ['-x509', '-days', '2', ...subject, '-addext', 'subjectAltName=DNS:localhost'];
  openssl(folder, 'req', ...own, ...key, '-keyout', 'own.key', '-out', 'own.pem');
  const plain = ['-addext', 'basicConstraints=critical,CA:FALSE', '-key', 'own.key', '-sha256'];
  openssl(folder, 'req', ...own, ...plain, '-out', 'plain.pem');
  fs.mkdirSync(path.join(folder, 'folder.pem'));
  if (process.platform !== 'win32') spawnSync('mkfifo', [path.join(folder, 'pipe.pem')]);
}

/** What is no file that could be read: nobody writes to the pipe. */
const UNREADABLE = (folder) => {
  const directory = path.join(folder, 'folder.pem');
  const pipe = path.join(folder, 'pipe.pem');
  return process.platform === 'win32' ? [directory] : [pipe, '/dev/zero', directory];
};

/** Where `cargo test` and `cargo build` leave their library. */
const DEBUG_LIBRARIES = ['target/debug/deps', 'target/debug'].map((place) =>
  path.join(REPOSITORY, place, 'libdynamodb_feature_store.so')
);

/** The native libraries to test: the one that ships and, where it is fresh, a debug build. */
function libraries(folder) {
  const found = { release: undefined };
  const sources = newestSource();
  const debug = DEBUG_LIBRARIES.find((file) => modified(file) >= sources);
  if (debug) {
    found.debug = path.join(folder, 'dynamodb-feature-store.node');
    fs.copyFileSync(debug, found.debug);
  }
  return found;
}

/** @returns {number} when a file was last changed; 0 if there is none */
function modified(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestSource() {
  const folder = path.join(REPOSITORY, 'src');
  const files = fs.readdirSync(folder, { recursive: true });
  return Math.max(...files.map((name) => modified(path.join(folder, name))));
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-trust-'));

describe('trust', { skip: hasOpenssl ? false : 'there is no openssl' }, () => {
  let engine;
  let proxy;
  let table;

  before(async () => {
    makeCertificates(folder);
    const [key, cert] = ['server.key', 'server.pem'].map((name) =>
      fs.readFileSync(path.join(folder, name))
    );
    engine = await startEngine();
    table = await createTable(engine.endpoint);
    await putRow(engine.endpoint, table, itemRow('features', flag));
    proxy = await startProxy(engine.endpoint, { tls: { key, cert } });
  });

  after(async () => {
    await proxy.close();
    await deleteTable(engine.endpoint, table);
    await engine.close();
    fs.rmSync(folder, { recursive: true });
  });

  /** What a process reads over HTTPS. */
  async function readElsewhere(library, env, endpoint = proxy.endpoint, patience = PATIENT) {
    const options = { ...patience, clientOptions: { endpoint, maxAttempts: 1 } };
    const { results, lines } = await childResult(
      'operate.js',
      { table, options, calls: [['get', FEATURES, 'a']] },
      { ...NO_ROOTS, NAPI_RS_NATIVE_LIBRARY_PATH: library, ...env }
    );
    return { item: results[0], lines };
  }

  /** What a process reads of a server that has this certificate, and trusts it. */
  async function readOf(library, name) {
    const [key, cert] = ['own.key', name].map((file) => fs.readFileSync(path.join(folder, file)));
    const server = await startProxy(engine.endpoint, { tls: { key, cert } });
    try {
      const env = { NODE_EXTRA_CA_CERTS: path.join(folder, name) };
      return await readElsewhere(library, env, server.endpoint, IMPATIENT);
    } finally {
      await server.close();
    }
  }

  const builds = libraries(folder);
  if (!builds.debug) test('the debug build', { skip: 'there is none, or an outdated one' });

  for (const [build, library] of Object.entries(builds)) {
    for (const variable of ['NODE_EXTRA_CA_CERTS', 'AWS_CA_BUNDLE']) {
      test(`an authority that ${variable} names is trusted (${build} build)`, async () => {
        const env = { [variable]: path.join(folder, 'ca.pem') };
        assert.deepStrictEqual(await readElsewhere(library, env), { item: flag, lines: [] });
      });

      test(`it is as well where the system has roots (${build} build)`, async () => {
        const env = {
          SSL_CERT_FILE: undefined,
          SSL_CERT_DIR: undefined,
          [variable]: path.join(folder, 'ca.pem'),
        };
        assert.deepStrictEqual(await readElsewhere(library, env), { item: flag, lines: [] });
      });

      test(`a file that ${variable} names in vain is a warning (${build} build)`, async () => {
        const empty = path.join(folder, 'empty.pem');
        fs.writeFileSync(empty, 'nothing');
        for (const file of [empty, path.join(folder, 'missing.pem')]) {
          const { item, lines } = await readElsewhere(library, { [variable]: file });
          assert.strictEqual(item, null);
          const warnings = lines.filter(({ level }) => level === 'warn');
          assert.strictEqual(warnings.length, 1, JSON.stringify(lines));
          assert.ok(warnings[0].message.includes(variable), warnings[0].message);
        }
      });
    }

    for (const variable of ['NODE_EXTRA_CA_CERTS', 'AWS_CA_BUNDLE', 'SSL_CERT_FILE']) {
      test(`${variable} may name what can't be read: that is a warning (${build} build)`, async () => {
        const other = variable === 'AWS_CA_BUNDLE' ? 'NODE_EXTRA_CA_CERTS' : 'AWS_CA_BUNDLE';
        const trusted = { [other]: path.join(folder, 'ca.pem') };
        // Node itself reads this one when it starts, and would wait.
        const isNodes = variable === 'NODE_EXTRA_CA_CERTS';
        for (const file of isNodes ? UNREADABLE(folder).slice(-1) : UNREADABLE(folder)) {
          const { item, lines } = await readElsewhere(library, { ...trusted, [variable]: file });
          assert.deepStrictEqual(item, flag, file);
          const named = lines.filter(({ message }) => message.includes(variable));
          assert.strictEqual(named.length, 1, JSON.stringify(lines));
          assert.strictEqual(named[0].level, 'warn');
          assert.ok(named[0].message.includes(file), named[0].message);
        }
      });
    }

    for (const variable of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) {
      test(`${variable} may name what can't be read (${build} build)`, async () => {
        const trusted = { AWS_CA_BUNDLE: path.join(folder, 'ca.pem') };
        for (const file of UNREADABLE(folder)) {
          const { item, lines } = await readElsewhere(library, { ...trusted, [variable]: file });
          assert.deepStrictEqual(item, flag, file);
          assert.strictEqual(lines.length, 1, JSON.stringify(lines));
          assert.ok(lines[0].message.includes(file), lines[0].message);
        }
      });
    }

    test(`many stores with a file that can't be read hold up no other (${build} build)`, async () => {
      const trusted = { AWS_CA_BUNDLE: path.join(folder, 'ca.pem') };
      const env = { ...NO_ROOTS, ...trusted, NAPI_RS_NATIVE_LIBRARY_PATH: library };
      const options = { ...PATIENT, clientOptions: { endpoint: proxy.endpoint } };
      const pipe = UNREADABLE(folder)[0];
      const hung = { NODE_EXTRA_CA_CERTS: pipe, AWS_CONFIG_FILE: pipe };
      const input = { table, options, hung, stores: 40 };
      const { item } = await childResult('hung-files.js', input, env);
      assert.deepStrictEqual(item, flag);
    });

    test(`a certificate that is its own authority is an error that says so (${build} build)`, async () => {
      const { item, lines } = await readOf(library, 'own.pem');
      assert.strictEqual(item, null);
      assert.strictEqual(lines.length, 1, JSON.stringify(lines));
      assert.match(lines[0].message, /is an authority \(CA:TRUE\).*CA:FALSE/);
    });

    test(`a certificate of its own that is no authority is trusted (${build} build)`, async () => {
      assert.deepStrictEqual(await readOf(library, 'plain.pem'), { item: flag, lines: [] });
    });

    test(`an authority that nobody vouches for is an error that says so (${build} build)`, async () => {
      const { item, lines } = await readElsewhere(library, {});
      assert.strictEqual(item, null);
      assert.strictEqual(lines.length, 1);
      assert.strictEqual(lines[0].level, 'error');
      assert.match(lines[0].message, /certificate/i);
      assert.ok(lines[0].message.includes(table), lines[0].message);
    });

    test(`proxies that the environment names are not used (${build} build)`, async () => {
      const nowhere = 'http://127.0.0.1:1';
      const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy'];
      const env = Object.fromEntries(names.map((name) => [name, nowhere]));
      env.NO_PROXY = undefined;
      env.no_proxy = undefined;
      env.AWS_CA_BUNDLE = path.join(folder, 'ca.pem');
      assert.deepStrictEqual(await readElsewhere(library, env), { item: flag, lines: [] });
    });
  }
});
