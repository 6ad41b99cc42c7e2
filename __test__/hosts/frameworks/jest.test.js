'use strict';

/** The package in tests that jest runs. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { scenes } = require('../../support/scene');
const { install } = require('../../support/install');
const { MACHINES } = require('../machine');
const { mustPass, mustUseNothing } = require('./project');

const FOLDER = path.join(__dirname, 'jest');
const JEST = path.join(FOLDER, 'node_modules', 'jest', 'bin', 'jest.js');
/** A worker that holds more memory than this is replaced after each test file. */
const NEW_WORKERS = '--workerIdleMemoryLimit=1KB';

install(FOLDER);
const newScene = scenes();

/**
 * @param {string[]} args
 * @param {{tests: number, env: Record<string, string | undefined>}} expected
 */
function runJest(args, expected) {
  // From its cache it would know that the files are fast, and would take no workers.
  const command = (report, temporary) => [
    ...[JEST, '--json', `--outputFile=${report}`, `--cacheDirectory=${temporary}`],
    ...args,
  ];
  return mustPass(FOLDER, command, expected);
}

for (const [how, { args = [], inWorker = false }] of Object.entries({
  'in its own processes': {},
  'in a process for each file': { args: [NEW_WORKERS] },
  'with --runInBand': { args: ['--runInBand'] },
  'in worker threads': { args: ['--workerThreads'], inWorker: true },
  'in a worker thread for each file': { args: ['--workerThreads', NEW_WORKERS], inWorker: true },
})) {
  test(`jest ${how}`, async (t) => {
    const scene = await newScene(t);
    const env = {
      HOST_TABLE: scene.table,
      HOST_ENDPOINT: scene.engine,
      HOST_IN_WORKER: String(inWorker),
    };
    await runJest([...args, 'flags'], { tests: 16, env });
  });
}

for (const [how, env] of Object.entries({
  'fake timers': {},
  'the older fake timers': { HOST_LEGACY: 'true' },
  'the older fake timers, which are reset': { HOST_LEGACY: 'true', HOST_RESET: 'true' },
})) {
  test(`jest with ${how} that are there when the package is loaded`, async (t) => {
    const scene = await newScene(t);
    const where = { HOST_TABLE: scene.table, HOST_ENDPOINT: scene.engine };
    const args = ['--config', 'fake-timers/jest.config.js'];
    await runJest(args, { tests: 1, env: { ...where, ...env } });
  });
}

test('jest finds no open handles once the stores are closed', async (t) => {
  const scene = await newScene(t);
  const env = { HOST_TABLE: scene.table, HOST_ENDPOINT: scene.engine };
  const { openHandles } = await runJest(['--detectOpenHandles', 'closing'], { tests: 1, env });
  assert.deepStrictEqual(openHandles, []);
});

for (const [machine, kind] of Object.entries(MACHINES)) {
  for (const [how, args] of Object.entries({
    'its own processes': [],
    'worker threads': ['--workerThreads'],
    'one process': ['--runInBand'],
  })) {
    test(`jest in ${how}: tests set their environment on a machine with ${machine}`, async (t) => {
      await mustUseNothing(t, kind, (env) => runJest([...args, 'environment'], { tests: 2, env }));
    });
  }

  test(`jest: a set-up file sets the environment on a machine with ${machine}`, async (t) => {
    await mustUseNothing(t, kind, async (env) => {
      for (const HOST_SCENARIO of ['0', '1', '2']) {
        const args = ['--setupFiles', './set-up/set-up.js', '--', 'set-up'];
        await runJest(args, { tests: 1, env: { ...env, HOST_SCENARIO } });
      }
    });
  });
}
