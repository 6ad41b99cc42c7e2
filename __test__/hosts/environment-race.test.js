'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { raceEnvironment } = require('./environment-race');

test('the environment may change while a store starts and while it reads', async () => {
  assert.deepStrictEqual(await raceEnvironment({ processes: 40, reads: 1000 }), []);
});
