'use strict';

/**
 * What a store may need files, threads and name look-ups for before it can send its first request, and
 * what is expected of it while it can't have them.
 */

const assert = require('node:assert');
const { after, before } = require('node:test');

const { certificates } = require('../../support/receiver');
const { FLAG, startServer } = require('../flag-server');
const { SOURCES, UNSET, makePlace } = require('../native-guard/sources');

/**
 * Moments from which on something is missing, by what the process does then; `prepared` in calls.js
 * takes them.
 */
const MOMENTS = {
  'loads the package': undefined,
  'makes its store': 'load',
  reads: 'make',
  'reads again': 'read',
  'uses a second store': 'second',
};

/**
 * Starts the servers of a test file.
 *
 * @returns {Record<string, (t: any) => Promise<{endpoint: string, env: object}>>} by what leads to the
 *   server
 */
function surroundings() {
  const openssl = certificates();
  /** @type {Awaited<ReturnType<typeof startServer>>[]} */
  const servers = [];
  before(async () => {
    servers.push(await startServer());
    if (openssl) servers.push(await startServer(openssl.tls));
  });
  after(() => {
    for (const server of servers) server.close();
  });
  const files = async (t) => {
    const place = await makePlace(t);
    SOURCES['the shared credentials file'](place);
    place.write('.aws/config', '[default]\nregion = eu-west-1\n');
    const env = { ...UNSET, AWS_REGION: undefined, HOME: place.home };
    return { endpoint: servers[0].endpoint, env };
  };
  return {
    'an address': async () => ({ endpoint: servers[0].endpoint, env: {} }),
    'a name': async () => ({ endpoint: `http://localhost:${servers[0].port}`, env: {} }),
    'settings in files': files,
    ...(openssl && {
      TLS: async () => {
        const env = { AWS_CA_BUNDLE: openssl.caFile, NODE_EXTRA_CA_CERTS: undefined };
        return { endpoint: servers[1].endpoint, env };
      },
    }),
  };
}

/**
 * Asserts that a store works, or says what it lacks.
 *
 * @param {any} answer of `read` in calls.js
 * @param {RegExp} reason what it may lack
 * @param {string} what is looked at
 */
function assertAnswered(answer, reason, what) {
  const { failure, item, lines } = answer;
  if (failure) {
    // Node says EMFILE where it can't even read a script.
    const code = /^(EMFILE|ERR_DYNAMODB_FEATURE_STORE_ADDON)$/;
    assert.match(String(failure.code), code, `${what}: ${failure.message}`);
    assert.match(failure.message, reason, what);
    assert.deepStrictEqual(lines, [], what);
  } else if (item === null) {
    const said = `${what}: ${JSON.stringify(lines)}`;
    assert.strictEqual(lines.filter(({ level }) => level === 'error').length, 1, said);
    assert.ok(
      lines.some(({ message }) => reason.test(message)),
      said
    );
  } else {
    assertWorks(answer, what);
  }
}

/**
 * @param {any} answer of `read` in calls.js
 * @param {string} what is looked at
 */
function assertWorks({ failure, item, initialized, lines }, what) {
  const said = `${what}: ${JSON.stringify([failure, lines])}`;
  assert.deepStrictEqual({ item, initialized }, { item: FLAG, initialized: true }, said);
  // A warning says that it works again.
  assert.ok(!lines.some(({ level }) => level === 'error'), said);
}

module.exports = { MOMENTS, assertAnswered, assertWorks, surroundings };
