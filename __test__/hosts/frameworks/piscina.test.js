'use strict';

/** The package in the threads of Piscina. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { scenes } = require('../../support/scene');
const { install } = require('../../support/install');
const { run } = require('./project');

const FOLDER = path.join(__dirname, 'piscina');

install(FOLDER);
const newScene = scenes();

test('Piscina, with threads that come and go', async (t) => {
  const scene = await newScene(t);
  const env = { HOST_TABLE: scene.table, HOST_ENDPOINT: scene.engine };
  const ended = await run(FOLDER, ['app.js'], env);
  assert.deepStrictEqual(ended, { code: 0, signal: null, output: 'all done\n' });
});
