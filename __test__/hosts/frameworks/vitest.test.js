'use strict';

/** The package in tests that vitest runs. */

const path = require('node:path');
const { test } = require('node:test');

const { scenes } = require('../../support/scene');
const { install } = require('../../support/install');
const { MACHINES } = require('../machine');
const { mustPass, mustUseNothing } = require('./project');

const FOLDER = path.join(__dirname, 'vitest');
const VITEST = path.join(FOLDER, 'node_modules', 'vitest', 'vitest.mjs');

install(FOLDER);
const newScene = scenes();

/**
 * @param {string[]} args
 * @param {{tests: number, env: Record<string, string | undefined>}} expected
 */
function runVitest(args, expected) {
  const reports = (file) => ['--reporter=default', '--reporter=json', `--outputFile=${file}`];
  return mustPass(FOLDER, (report) => [VITEST, 'run', ...reports(report), ...args], expected);
}

for (const [how, { args, inWorker }] of Object.entries({
  'in threads': { args: ['--pool=threads'], inWorker: true },
  'in one thread after the other': { args: ['--pool=threads', '--maxWorkers=1'], inWorker: true },
  'in threads without isolation': { args: ['--pool=threads', '--no-isolate'], inWorker: true },
  'in forks': { args: ['--pool=forks'], inWorker: false },
  'in vmThreads': { args: ['--pool=vmThreads'], inWorker: true },
  'in vmForks': { args: ['--pool=vmForks'], inWorker: false },
})) {
  test(`vitest ${how}`, async (t) => {
    const scene = await newScene(t);
    const env = {
      HOST_TABLE: scene.table,
      HOST_ENDPOINT: scene.engine,
      HOST_IN_WORKER: String(inWorker),
    };
    await runVitest([...args, 'flags/'], { tests: 16, env });
  });
}

for (const [machine, kind] of Object.entries(MACHINES)) {
  for (const pool of ['threads', 'forks', 'vmThreads']) {
    test(`vitest in ${pool}: tests set their environment on a machine with ${machine}`, async (t) => {
      await mustUseNothing(t, kind, (env) =>
        runVitest([`--pool=${pool}`, 'environment/'], { tests: 2, env })
      );
    });
  }

  test(`vitest: a set-up file sets the environment on a machine with ${machine}`, async (t) => {
    await mustUseNothing(t, kind, async (env) => {
      for (const HOST_SCENARIO of ['0', '1', '2']) {
        const expected = { tests: 1, env: { ...env, HOST_SCENARIO } };
        await runVitest(['--pool=threads', '--config=set-up/vitest.config.mjs'], expected);
      }
    });
  });
}
