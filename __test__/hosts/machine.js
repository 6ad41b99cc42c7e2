'use strict';

/**
 * A machine with AWS settings of its own, and what a thread or a sandbox on it sets instead. The store has
 * to go by the latter alone.
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { AWS_ENVIRONMENT } = require('../support/environment');
const { FLAG, receiver } = require('../support/receiver');

const profile = (accessKeyId) =>
  `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = secret\n`;

/** Kinds of machines. */
const MACHINES = {
  'settings in variables': { hasVariables: true },
  'credentials in its home directory': { hasVariables: false },
};

/** What is seen where all scenarios were run, and nothing of the machine's own was used. */
const AS_MEANT = {
  signedBy: ['INSIDE eu-north-1', 'INSIDE-HOME eu-south-1'],
  requestsToOwn: 0,
  isHomeRead: false,
};

/**
 * @param {import('node:test').TestContext} t
 * @param {{hasVariables: boolean}} kind whether the machine has its settings in variables, besides those in
 *   its home directory
 */
async function startMachine(t, { hasVariables }) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'machine-'));
  const own = await receiver(t);
  const inside = await receiver(t);
  const watched = watchedHome(path.join(folder, 'own'));
  t.after(async () => {
    await watched.end();
    fs.rmSync(folder, { recursive: true });
  });
  const home = path.join(folder, 'inside');
  const empty = path.join(folder, 'empty');
  for (const name of [path.join(home, '.aws'), empty]) fs.mkdirSync(name, { recursive: true });
  fs.writeFileSync(path.join(home, '.aws', 'credentials'), profile('INSIDE-HOME'));
  fs.writeFileSync(path.join(home, '.aws', 'config'), '[default]\nregion = eu-south-1\n');

  const variables = {
    AWS_ACCESS_KEY_ID: 'OWN',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'own',
    AWS_REGION: 'us-west-2',
    AWS_ENDPOINT_URL_DYNAMODB: own.endpoint,
  };
  const nothing = Object.fromEntries(
    Object.keys({ ...AWS_ENVIRONMENT, ...variables }).map((name) => [name, undefined])
  );
  /** The environment of the process. */
  const env = { ...nothing, ...(hasVariables ? variables : {}), HOME: watched.home };

  const common = {
    ...nothing,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL_DYNAMODB: inside.endpoint,
    HOME: empty,
  };
  const keys = { AWS_ACCESS_KEY_ID: 'INSIDE', AWS_SECRET_ACCESS_KEY: 'secret' };
  const scenarios = [
    { settings: { ...common, ...keys, AWS_REGION: 'eu-north-1' }, item: FLAG },
    { settings: { ...common, HOME: home }, item: FLAG },
    { settings: { ...common, AWS_REGION: 'eu-north-1' }, item: null },
  ].map(({ settings, item }) => ({ settings: Object.entries(settings).map(unset), item }));

  return {
    /** The environment, with what is to be set inside. */
    env: { ...env, HOST_SCENARIOS: JSON.stringify(scenarios) },
    /** What was seen of the requests so far, to be `AS_MEANT`. */
    seen() {
      const signedBy = inside.requests.map(({ accessKeyId, region, headers }) =>
        [accessKeyId, region, headers['x-amz-security-token']].filter(Boolean).join(' ')
      );
      return {
        signedBy: [...new Set(signedBy)].sort(),
        requestsToOwn: own.requests.length,
        isHomeRead: watched.isRead(),
      };
    },
  };
}

/** A variable as JSON can say it: `null` for none. */
function unset([name, value]) {
  return [name, value === undefined ? null : value];
}

/**
 * A home directory that knows whether anybody reads the credentials in it, which are in a pipe.
 */
function watchedHome(home) {
  const file = path.join(home, '.aws', 'credentials');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  execFileSync('mkfifo', [file]);
  let [isRead, isOver] = [false, false];
  const served = (async () => {
    for (;;) {
      // Takes until somebody opens it for reading.
      const handle = await fs.promises.open(file, 'w');
      isRead = isRead || !isOver;
      await handle.writeFile(profile('OWN-HOME')).catch(() => {});
      await handle.close();
      if (isOver) return;
    }
  })();
  const end = async () => {
    isOver = true;
    const reader = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    await served;
    fs.closeSync(reader);
  };
  return { home, isRead: () => isRead, end };
}

module.exports = { AS_MEANT, MACHINES, startMachine };
