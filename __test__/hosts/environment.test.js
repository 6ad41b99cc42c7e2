'use strict';

/** Whose environment a store goes by: that of the thread which makes it. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { SCRIPTS, runChild } = require('../support/child');
const { AS_MEANT, MACHINES, startMachine } = require('./machine');

const CHILD = path.relative(SCRIPTS, path.join(__dirname, 'children', 'environment.js'));

for (const [machine, kind] of Object.entries(MACHINES)) {
  for (const thread of [
    'the main thread',
    'a worker',
    'a worker of a worker',
    'a worker that shares the environment',
    'a worker that was given an environment',
  ]) {
    test(`${thread} sets its environment on a machine with ${machine}`, async (t) => {
      const { env, seen } = await startMachine(t, kind);
      const ended = await runChild(CHILD, { thread }, env);
      assert.deepStrictEqual(
        { ...seen(), ...ended },
        { ...AS_MEANT, code: 0, signal: null, stdout: '', stderr: '' }
      );
    });
  }
}
