'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { runChild } = require('../support/child');

const DEMO = path.join(__dirname, '..', '..', 'demo', 'index.js');

test('the demo finds everything as expected, and ends by itself', async () => {
  const { code, signal, stdout, stderr } = await runChild(DEMO, {});
  assert.deepStrictEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  assert.match(stdout, /Everything was as expected\.\s*$/);
});
