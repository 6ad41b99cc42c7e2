'use strict';

/** The package in several processes or contexts that belong together. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { SCRIPTS, runChild } = require('../support/child');
const { itemRow } = require('../support/data');
const { scenes } = require('../support/scene');
const { PATIENT } = require('../support/wait');

const newScene = scenes();

/** Runs a script that has to end by itself, without a word on stderr. */
async function mustEnd(name, input) {
  const script = path.relative(SCRIPTS, path.join(__dirname, 'children', name));
  const { code, signal, stdout, stderr } = await runChild(script, input);
  assert.deepStrictEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

test('processes of a cluster that end in every way', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', { key: 'a', version: 1 }));
  const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
  const [ends, exits, killed] = [
    ['a', 0, null],
    [null, 3, null],
    ['a', null, 'SIGKILL'],
  ];
  const round = [ends, exits, killed, ends];
  const found = await mustEnd('cluster.js', { table: scene.table, options });
  assert.deepStrictEqual(found, [round, round, ['a', ...round]]);
});

for (const isEarly of [true, false]) {
  const order = isEarly ? 'after' : 'before';

  test(`contexts that load the package ${order} the context of the process`, async (t) => {
    const scene = await newScene(t);
    const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
    const found = await mustEnd('contexts.js', { table: scene.table, options, isEarly });
    assert.deepStrictEqual(found, Array(isEarly ? 13 : 12).fill(['a', 'a']));
  });
}
