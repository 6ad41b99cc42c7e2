'use strict';

/** Applications in which modules are not loaded as Node does by itself. */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { pathToFileURL } = require('node:url');

const { AWS_ENVIRONMENT } = require('../support/environment');
const { FEATURES } = require('../support/data');
const { scenes } = require('../support/scene');
const { clauseFlag } = require('../support/flags');
const { CLIENTS } = require('../contract/js-clients/clients');

const newScene = scenes();

const APP = path.join(__dirname, 'loader-hook', 'app.js');
const REGISTER = pathToFileURL(path.join(__dirname, 'loader-hook', 'register.mjs')).href;
const SUITES = path.join(__dirname, '..', 'sdk-suites');
const SDKS = {
  'SDK 7': path.join(SUITES, 'v6-v7', 'node_modules', 'launchdarkly-node-server-sdk-7'),
  'SDK 9': path.join(SUITES, 'v8-v9', 'node_modules', 'node-server-sdk-9'),
};
/** Only a guard against hanging. */
const GUARD_MS = 300_000;

/** A scene with a flag in the table. */
async function sceneWithFlag(t) {
  const scene = await newScene(t);
  const clause = { attribute: 'country', op: 'in', values: ['DE'] };
  await scene.open().upsert(FEATURES, clauseFlag('by-country', clause));
  return scene;
}

/**
 * @param {string[]} options of Node
 * @param {object} input
 * @returns {Promise<{code: number | null, stdout: string, stderr: string}>}
 */
function run(options, input) {
  const env = { ...process.env, ...AWS_ENVIRONMENT };
  delete env.NODE_TEST_CONTEXT;
  delete env.NODE_OPTIONS;
  const args = ['--no-deprecation', ...options, APP, JSON.stringify(input)];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env });
    const guard = setTimeout(() => child.kill('SIGKILL'), GUARD_MS);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(guard);
      resolve({ code, ...output });
    });
  });
}

for (const [name, sdk] of Object.entries(SDKS)) {
  for (const kind of [undefined, ...Object.keys(CLIENTS)]) {
    const client = kind ? `a client of kind ${kind}` : 'its own client';
    test(`${name}, ${client}: evaluates where a loader hook supplies the sources`, async (t) => {
      const scene = await sceneWithFlag(t);
      const input = { table: scene.table, endpoint: scene.engine, sdk, kind };
      const { code, stdout, stderr } = await run(['--import', REGISTER], input);
      assert.strictEqual(code, 0, stderr);
      assert.deepStrictEqual(JSON.parse(stdout), { value: true, lines: [], isHooked: true });
    });
  }
}

test('AWS.config of version 2 holds where a loader hook supplies the sources', async (t) => {
  const scene = await sceneWithFlag(t);
  const sdk = SDKS['SDK 7'];
  const input = { table: scene.table, endpoint: scene.engine, sdk, isAmbient: true };
  const { code, stdout, stderr } = await run(['--import', REGISTER], input);
  assert.strictEqual(code, 0, stderr);
  assert.deepStrictEqual(JSON.parse(stdout), { value: true, lines: [], isHooked: true });
});

for (const disturbances of [
  ['forgets what is loaded'],
  ['puts another cache in place'],
  ['has stacks of call sites'],
  ['has no stacks'],
  ['can not make stacks'],
  ['forgets what is loaded', 'has stacks of call sites'],
]) {
  const what = disturbances.join(' and ');
  test(`SDK 9 is found where the application ${what}`, async (t) => {
    const scene = await sceneWithFlag(t);
    const input = { table: scene.table, endpoint: scene.engine, sdk: SDKS['SDK 9'], disturbances };
    const { code, stdout, stderr } = await run([], input);
    assert.strictEqual(code, 0, stderr);
    const { value, lines } = JSON.parse(stdout);
    assert.deepStrictEqual({ value, lines }, { value: true, lines: [] });
  });
}
