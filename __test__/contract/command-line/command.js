'use strict';

/**
 * Runs the command line as a process.
 */

const { execFile, spawnSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { after, before } = require('node:test');

const { membershipRow, metadataRow } = require('../../support/big-segments');
const { itemRow, markerRow } = require('../../support/data');
const dynamodb = require('../../support/dynamodb');
const { startEngine } = require('../../support/engine');
const { AWS_ENVIRONMENT } = require('../../support/environment');

const PROGRAM = path.join(__dirname, '..', '..', '..', 'bin', 'dynamodb-feature-store.js');
/** Only a guard against hanging. */
const GUARD_MS = 300_000;
/** The exit codes. */
const [FINE, FAILED, MISUSED, FINDING] = [0, 1, 2, 3];

/**
 * @param {Record<string, string | undefined>} env
 * @returns {Record<string, string>} the environment of a command
 */
function environment(env = {}) {
  const all = { ...process.env, ...AWS_ENVIRONMENT, ...env };
  const variables = Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined)
  );
  delete variables.NODE_TEST_CONTEXT;
  return variables;
}

/**
 * @param {string} file
 * @param {string[]} args
 * @param {Record<string, string | undefined>} [env]
 * @returns {Promise<{code: number, stdout: string, stderr: string}>}
 */
function runProgram(file, args, env) {
  return new Promise((resolve) => {
    const options = { env: environment(env), timeout: GUARD_MS, cwd: os.tmpdir() };
    execFile(file, args, options, (failure, stdout, stderr) => {
      const code = failure ? /** @type {any} */ (failure).code : FINE;
      resolve({ code, stdout, stderr });
    });
  });
}

/**
 * @param {string[]} args
 * @param {Record<string, string | undefined>} [env]
 */
function run(args, env) {
  return runProgram(process.execPath, [PROGRAM, ...args], env);
}

/** The command line for a POSIX shell. */
function shellCommand(args) {
  const words = [process.execPath, PROGRAM, ...args];
  return words.map((word) => `'${word.replace(/'/g, "'\\''")}'`).join(' ');
}

/** Runs a line of `sh`. */
function runShell(line, env) {
  return runProgram('sh', ['-c', line], env);
}

/** Why terminals can't be tested on this machine, if so. */
const noTerminal =
  process.platform !== 'linux' || spawnSync('script', ['--version']).status !== 0
    ? 'there is no program script'
    : false;

/** Runs the command on a terminal of 80 columns, where both streams end. */
async function runOnTerminal(args, env) {
  const line = `stty cols 80; ${shellCommand(args)}`;
  const all = { NO_COLOR: undefined, TERM: 'xterm', ...env };
  const { code, stdout } = await runProgram('script', ['-qec', line, '/dev/null'], all);
  return { code, text: stdout.replace(/\r\n/g, '\n') };
}

/** An engine for the tests of a file, with its tables. */
function useEngine() {
  /** @type {string[]} */
  const tables = [];
  const engine = {
    endpoint: '',
    /** Runs a command on the engine. */
    run: (...args) => run([...args, '--endpoint', engine.endpoint]),
    newTable: async (keys) => {
      const table = await dynamodb.createTable(engine.endpoint, keys);
      tables.push(table);
      return table;
    },
    /** A table with rows. */
    tableWith: async (rows) => {
      const table = await engine.newTable();
      await dynamodb.putRows(engine.endpoint, table, rows);
      return table;
    },
    /** A table with two prefixes and everything that `check` reports. */
    fullTable: () => engine.tableWith(FULL_TABLE),
  };
  let close;
  before(async () => {
    const started = await startEngine();
    engine.endpoint = started.endpoint;
    close = () => started.close();
  });
  after(async () => {
    for (const table of tables) await dynamodb.deleteTable(engine.endpoint, table);
    await close();
  });
  return engine;
}

const flag = (key, members) => ({ key, version: 2, on: true, ...members });

const FULL_TABLE = [
  markerRow(),
  itemRow('features', flag('a')),
  itemRow('features', flag('b', { on: false })),
  itemRow('features', { key: 'gone', version: 7, deleted: true }),
  itemRow('segments', { key: 's', version: 1, included: [] }),
  itemRow('staging:features', flag('a', { padding: 'x'.repeat(8192) })),
  itemRow('staging:features', flag('broken'), { item: { S: 'no JSON' } }),
  itemRow('staging:features', flag('large', { padding: 'x'.repeat(390_000) })),
  markerRow('eu:prod'),
  metadataRow(1_700_000_000_000, 'eu:prod'),
  membershipRow('hash', { included: ['big.g1'] }, 'eu:prod'),
  { namespace: { S: 'cache' }, key: { S: 'k' }, item: { B: 'AAAA' } },
];

module.exports = {
  FAILED,
  FINDING,
  FINE,
  MISUSED,
  PROGRAM,
  environment,
  flag,
  noTerminal,
  run,
  runOnTerminal,
  runShell,
  shellCommand,
  useEngine,
};
