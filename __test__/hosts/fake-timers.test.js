'use strict';

/** Applications' tests with fake timers, which stand still unless the test moves them. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { SCRIPTS, childResult } = require('../support/child');
const { scenes } = require('../support/scene');

const newScene = scenes();

const APP = path.relative(SCRIPTS, path.join(__dirname, 'fake-timers', 'app.js'));
/** Read and written in many turns of the event loop. */
const DATA = { flags: 500, segments: 1 };

const FAKES = {
  'fake timers, where it is long ago': { fakes: 'sinon', now: 0 },
  'fake timers, where it is tomorrow': { fakes: 'sinon', now: Date.now() + 86_400_000 },
  "those of Node's test runner": { fakes: 'node:test' },
};

for (const order of ['before', 'after']) {
  for (const [what, fakes] of Object.entries(FAKES)) {
    test(`a store that is loaded ${order === 'before' ? 'after' : 'before'} ${what}`, async (t) => {
      const scene = await newScene(t);
      const input = { table: scene.table, endpoint: scene.engine, order, ...fakes, data: DATA };
      const results = await childResult(APP, input);
      assert.deepStrictEqual(results, {
        init: {},
        upsert: {},
        initialized: true,
        get: { key: 'new', version: 1 },
        all: DATA.flags + 1,
        isStoreAvailable: true,
        membership: null,
        seesChanges: true,
        timers: 0,
      });
    });
  }
}
