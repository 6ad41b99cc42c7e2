'use strict';

/** Applications' tests with fake timers, which stand still unless the test moves them. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { SCRIPTS, childResult } = require('../helpers/child');
const { scenes } = require('../helpers/scene');

const newScene = scenes();

const APP = path.relative(SCRIPTS, path.join(__dirname, 'fake-timers', 'app.js'));
/** Read and written in many turns of the event loop. */
const DATA = { flags: 500, segments: 1 };

for (const order of ['before', 'after']) {
  for (const now of [0, Date.now() + 86_400_000]) {
    const time = now === 0 ? 'long ago' : 'tomorrow';
    test(`a store that is loaded ${order === 'before' ? 'after' : 'before'} fake timers, where it is ${time}`, async (t) => {
      const scene = await newScene(t);
      const input = { table: scene.table, endpoint: scene.engine, order, now, data: DATA };
      const results = await childResult(APP, input);
      assert.deepStrictEqual(results, {
        init: {},
        upsert: {},
        initialized: true,
        get: { key: 'new', version: 1 },
        all: DATA.flags + 1,
        isStoreAvailable: true,
        membership: null,
        timers: 0,
      });
    });
  }
}
