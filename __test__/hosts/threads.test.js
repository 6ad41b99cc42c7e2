'use strict';

/** Threads that load the package in every order, and end in every way, each time in a new process. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');

const { SCRIPTS, runChild } = require('../support/child');
const { scenes } = require('../support/scene');
const { PATIENT } = require('../support/wait');

const newScene = scenes();

const child = (name) => path.relative(SCRIPTS, path.join(__dirname, 'children', name));

/** How a worker may end at each stage. One that is asking ends by itself only when it is done. */
const ENDS = {
  loads: ['by itself', 'exits', 'throws', 'is terminated'],
  opens: ['by itself', 'closes', 'exits', 'throws', 'is terminated'],
  asks: ['closes', 'exits', 'throws', 'is terminated'],
  'is answered': ['closes', 'exits', 'throws', 'is terminated'],
  'is done': ['by itself', 'closes', 'exits', 'throws', 'is terminated'],
};
/** What is seen of a worker that ended so. */
const SEEN = { 'by itself': 0, closes: 0, exits: 0, throws: 'meant', 'is terminated': 1 };

const worker = (stage = 'is done', ends = 'by itself', steps = undefined) => ({
  stage,
  ends,
  steps,
});
const main = { isMain: true, stage: 'is done', ends: 'by itself' };

/**
 * Runs steps in a process of their own, in which every thread has to end as it is meant to.
 *
 * @param {any} t
 * @param {object[][]} steps as `children/threads.js` takes them
 * @param {string} [printed] by default how the threads of all steps are meant to end
 */
async function mustEnd(t, steps, printed = JSON.stringify(steps.map(expectedOf))) {
  const scene = await newScene(t);
  const options = { ...PATIENT, clientOptions: { endpoint: scene.engine } };
  const input = { table: scene.table, options, steps };
  const { code, signal, stdout, stderr } = await runChild(child('threads.js'), input);
  assert.deepStrictEqual(
    { code, signal, stdout, stderr },
    { code: 0, signal: null, stdout: printed, stderr: '' }
  );
}

function expectedOf(threads) {
  const workers = threads.filter(({ isMain }) => !isMain).map(({ ends }) => SEEN[ends]);
  return threads.includes(main) ? [...workers, 'main'] : workers;
}

for (const [stage, allEnds] of Object.entries(ENDS)) {
  for (const ends of allEnds) {
    test(`the package is first loaded in a worker that ${stage} and ${ends}`, async (t) => {
      await mustEnd(t, [[worker(stage, ends)], [worker()], [main]]);
    });
  }
}

for (const ends of ENDS['is done']) {
  test(`two workers that load the package at once, and each ${ends}`, async (t) => {
    const both = [worker('is done', ends), worker('is done', ends)];
    await mustEnd(t, [both, [worker()], both, [main]]);
  });

  test(`a worker that loads the package while the main thread does, and ${ends}`, async (t) => {
    await mustEnd(t, [[worker('is done', ends), main], [worker()], [main]]);
  });
}

test('two workers that only load the package, at once', async (t) => {
  const both = [worker('loads'), worker('loads')];
  await mustEnd(t, [both, both, [main]]);
});

test('a worker that only loads the package while the main thread does', async (t) => {
  await mustEnd(t, [[worker('loads'), main], [worker()], [main]]);
});

test('the main thread first and last, with workers that end in every way between', async (t) => {
  const workers = Object.entries(ENDS).flatMap(([stage, allEnds]) =>
    allEnds.map((ends) => worker(stage, ends))
  );
  await mustEnd(t, [[main], workers, [main]]);
});

test('the main thread never loads the package', async (t) => {
  await mustEnd(t, [[worker()], [worker(), worker()], [worker()]]);
});

test('the package is first loaded in a worker of a worker', async (t) => {
  const nested = worker('is done', 'by itself', [[worker('loads')], [worker()]]);
  await mustEnd(t, [[nested], [worker()], [main]]);
});

for (const stage of Object.keys(ENDS)) {
  const exiting = { isMain: true, stage, ends: 'exits' };

  test(`a main thread that ${stage} exits after a worker has ended`, async (t) => {
    await mustEnd(t, [[worker()], [exiting]], '');
  });

  test(`a main thread that ${stage} exits while a worker goes on`, async (t) => {
    await mustEnd(t, [[worker('is done', 'goes on'), exiting]], '');
  });
}

for (const workers of [1, 2, 8]) {
  test(`workers that load the package and end, ${workers} at a time`, async () => {
    const { code, signal, stdout, stderr } = await runChild(child('rounds.js'), {
      rounds: 24,
      workers,
    });
    assert.deepStrictEqual(
      { code, signal, stdout, stderr },
      { code: 0, signal: null, stdout: 'all rounds', stderr: '' }
    );
  });
}
