'use strict';

/** The tests in docs/testing.md pass as they are printed there, and the set-up there sets up what they need. */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { AWS_ENVIRONMENT } = require('../support/environment');

const ROOT = path.join(__dirname, '..', '..');
const PAGE = path.join(ROOT, 'docs', 'testing.md');
const NAME = 'dynamodb-feature-store';
/** Only a guard against hanging. */
const GUARD_MS = 300_000;

/** What the tests require, and where it is. */
const PACKAGES = {
  [NAME]: ROOT,
  dynalite: path.join(ROOT, 'node_modules', 'dynalite'),
  '@launchdarkly': path.join(ROOT, 'node_modules', '@launchdarkly'),
  '@aws-sdk': path.join(__dirname, '..', 'contract', 'js-clients', 'node_modules', '@aws-sdk'),
  nock: path.join(__dirname, 'node_modules', 'nock'),
};

const blocks = [...fs.readFileSync(PAGE, 'utf8').matchAll(/^```js\n(.*?)^```$/gms)].map(
  ([, text]) => text
);
const isSetUp = (text) => text.includes('module.exports');
const setUps = blocks.filter(isSetUp);
/** The tests by what they are about. */
const tests = blocks
  .filter((text) => !isSetUp(text))
  .map((text) => [/^test\('([^']+)'/m.exec(text)?.[1], text]);
/** Sets up, uses a store, and ends. */
const USE = `
  require(process.argv[1])().then(() => {
    const { DynamoDBFeatureStore } = require('${NAME}');
    DynamoDBFeatureStore('flags').init({ features: {}, segments: {} }, () => {
      DynamoDBFeatureStore('flags').initialized((initialized) => {
        console.log(initialized);
        process.exit();
      });
    });
  });`;
const skip = process.platform === 'win32';

/** @type {string} an application with the packages */
let application;
before(() => {
  application = fs.mkdtempSync(path.join(os.tmpdir(), 'testing-'));
  const modules = path.join(application, 'node_modules');
  fs.mkdirSync(path.join(modules, '.bin'), { recursive: true });
  for (const [name, place] of Object.entries(PACKAGES)) {
    fs.symlinkSync(place, path.join(modules, name), 'junction');
  }
  const program = path.join(ROOT, 'bin', `${NAME}.js`);
  fs.symlinkSync(program, path.join(modules, '.bin', NAME));
});
after(() => fs.rmSync(application, { recursive: true }));

/**
 * Runs Node in the application; it has to end well.
 *
 * @returns {Promise<string>} what it printed
 */
async function run(...args) {
  const env = { ...process.env, ...AWS_ENVIRONMENT };
  // It would report to this test's runner.
  delete env.NODE_TEST_CONTEXT;
  const options = { cwd: application, env, timeout: GUARD_MS };
  const { failure, stdout, stderr } = await new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, out, err) => {
      resolve({ failure: error, stdout: out, stderr: err });
    });
  });
  assert.strictEqual(failure, null, `${stdout}${stderr}`);
  return stdout;
}

function written(name, text) {
  const file = path.join(application, name);
  fs.writeFileSync(file, text);
  return file;
}

test('each block is a test or a set-up', () => {
  assert.ok(tests.length > 3 && setUps.length === 1);
  for (const [title, text] of tests) assert.ok(title, text);
});

for (const [index, [title, text]] of tests.entries()) {
  test(`"${title}" passes`, { skip }, async () => {
    const printed = await run('--test', written(`${index}.test.js`, text));
    assert.match(printed, /^(#|ℹ) pass 1$/m);
  });
}

test('the set-up of all test files makes a table', { skip }, async () => {
  const printed = await run('-e', USE, written('set-up.js', setUps[0]));
  assert.strictEqual(printed, 'true\n');
});
