'use strict';

/**
 * JavaScript. A test has to pass. Anything else has to run without a line in the log, and the harness uses what it
 * makes.
 */

const assert = require('node:assert');
const path = require('node:path');

const { FLAG } = require('../application');

const HARNESS = path.join(__dirname, 'harness.js');

/**
 * @param {import('../printed').Block} block
 * @param {import('../application').Application} application
 * @returns {Promise<string>} what it printed
 */
async function runJavaScript({ text, line }, application) {
  const isModule = /^import /m.test(text);
  const name = `block-${line}.${isModule ? 'mjs' : 'js'}`;
  const file = application.write(name, application.filledIn(text));
  if (text.includes("require('node:test')")) return runTest(file, application);
  const { published, folder, endpoint, table } = application;
  const { code, stdout, stderr } = await published.outcome(
    process.execPath,
    [HARNESS, file],
    folder,
    {
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      LAUNCHDARKLY_SDK_KEY: 'key',
      NODE_NO_WARNINGS: '1',
      TABLE: table,
      FLAG: JSON.stringify(FLAG),
    }
  );
  assert.strictEqual(code, 0, stderr);
  const logged = stderr.split('\n').filter((each) => each && !each.startsWith('info: '));
  assert.deepStrictEqual(logged, []);
  return stdout;
}

/** A test starts or replaces DynamoDB itself. */
async function runTest(file, { published, folder }) {
  const printed = await published.run(process.execPath, ['--test', file], folder);
  assert.match(printed, /^(#|ℹ) pass 1$/m);
  return printed;
}

/** What is there after a change. */
function runChange({ text, line }, application) {
  const lines = text.split('\n').filter((each) => !each.startsWith('-'));
  const after = lines.map((each) => each.replace(/^[+ ]/, '')).join('\n');
  return runJavaScript({ text: after, line }, application);
}

module.exports = { runChange, runJavaScript };
