'use strict';

/**
 * The table in docs/client-options.md is true: each of its rows has a test in this folder, and what it
 * calls quiet, warned or rejected is.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

require('../../support/environment');

const { DynamoDBFeatureStore } = require('../../..');
const { QUIET, READ, UNSUPPORTED } = require('../../../lib/options/client/names');
const { recordingLogger } = require('../../support/logger');

const PAGE = path.join(__dirname, '..', '..', '..', 'docs', 'client-options.md');
const STATES = ['honoured', 'partly', 'warned', 'quiet', 'rejected'];

/** The state of each option, as the page says. */
const table = Object.fromEntries(
  fs
    .readFileSync(PAGE, 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => STATES.includes(cells[3]))
    .flatMap(([, names, , state]) => names.match(/\w+/g).map((name) => [name, state]))
);

/** The options that tests of this folder are about. */
const tested = fs
  .readdirSync(__dirname)
  .filter((file) => file.endsWith('.test.js'))
  .map((file) => fs.readFileSync(path.join(__dirname, file), 'utf8'))
  .flatMap((text) => [...text.matchAll(/\brow\(\s*'(\w+)'/g)].map(([, name]) => name));

const inState = (...states) => Object.keys(table).filter((name) => states.includes(table[name]));

test('each row has a test', () => {
  const untested = inState('honoured', 'partly', 'rejected').filter(
    (name) => !tested.includes(name)
  );
  assert.deepStrictEqual(untested, []);
});

test('each test is about a row', () => {
  assert.deepStrictEqual(
    tested.filter((name) => !(name in table)),
    []
  );
});

test('the table has what the code knows', () => {
  assert.deepStrictEqual(inState('warned').sort(), [...UNSUPPORTED].sort());
  assert.deepStrictEqual(inState('honoured', 'partly', 'rejected').sort(), [...READ].sort());
  const quiet = inState('quiet').filter((name) => !/^(s3|xhr)/.test(name));
  assert.deepStrictEqual(quiet.sort(), [...QUIET].sort());
});

/** What is logged when a store is made with this option. */
function linesFor(name) {
  const logger = recordingLogger();
  DynamoDBFeatureStore('my-table', { logger, clientOptions: { [name]: {} } }).close();
  return logger.lines;
}

for (const name of [...inState('warned'), 'maxRetrys']) {
  test(`${name} is one warning that names it and the way out`, () => {
    const [line, ...others] = linesFor(name);
    assert.deepStrictEqual(others, []);
    assert.strictEqual(line.level, 'warn');
    assert.ok(line.message.includes(`clientOptions.${name} `), line.message);
    assert.ok(line.message.includes('dynamoDBClient'), line.message);
  });
}

for (const name of inState('quiet')) {
  test(`${name} is accepted without a word`, () => {
    assert.deepStrictEqual(linesFor(name), []);
  });
}
