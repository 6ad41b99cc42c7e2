'use strict';

/** Runs LaunchDarkly's harness against a service and reads what it prints. */

const { spawn } = require('node:child_process');
const fs = require('node:fs');

const { freePort } = require('../support/free-port');

/** The variables that name the programs: the harness in its versions 2 and 3. */
const HARNESS = 'SDK_TEST_HARNESS';
const HARNESS_V3 = 'SDK_TEST_HARNESS_V3';
/** The harness prints this after its last test. */
const SUMMARY = /^Test Summary: /m;
/** The harness's reason to skip what `-run` doesn't choose. */
const NOT_CHOSEN = 'excluded by filter parameters';

/**
 * To the harness, groups of tests are tests as well, and several may have the same name.
 *
 * @typedef {object} Results
 * @property {number} count how many tests have run
 * @property {Set<string>} ran their names
 * @property {Map<string, string>} skipped the reasons by the names of the tests
 * @property {Set<string>} failed
 */

/**
 * @param {object} run
 * @param {string} run.program
 * @param {string} run.url the service
 * @param {string[]} run.args
 * @param {string} run.log the file for the output
 * @param {AbortSignal} run.signal
 * @returns {Promise<Results>}
 */
async function runHarness({ program, url, args, log, signal }) {
  const all = ['-url', url, '-port', String(await freePort()), ...args];
  const file = fs.openSync(log, 'w');
  const child = spawn(program, all, { stdio: ['ignore', file, file], signal });
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  fs.closeSync(file);
  return resultsIn(fs.readFileSync(log, 'utf8'), log);
}

/**
 * @param {string} output
 * @param {string} log
 * @returns {Results}
 */
function resultsIn(output, log) {
  if (!SUMMARY.test(output)) {
    throw new Error(`The harness did not come to its end. Its output is in ${log}`);
  }
  const ran = new Set();
  const skipped = new Map();
  const failed = new Set();
  let count = 0;
  let last = '';
  for (const line of output.split('\n')) {
    const [, name] = /^\[(.*)\]$/.exec(line) || [];
    const [, failure] = /^ {2}FAILED(?: \(non-critical\))?: (.*)$/.exec(line) || [];
    const [, skip] = /^ {2}SKIPPED: (.*)$/.exec(line) || [];
    if (name !== undefined) {
      ran.add(name);
      count += 1;
      last = name;
    }
    if (failure !== undefined) failed.add(failure);
    if (skip !== undefined) {
      // A test is skipped as soon as it has started. Its name is followed by the reason, if there is one.
      const reason = skip.slice(last.length).replace(/^ \((.*)\)$/, '$1');
      ran.delete(last);
      count -= 1;
      if (reason !== NOT_CHOSEN) skipped.set(last, reason);
    }
  }
  return { count, ran, skipped, failed };
}

/**
 * Returns the harness's pattern for one test. It has a part for each part of the name, which are hard to tell apart:
 * they may contain slashes.
 *
 * @param {string} name
 * @param {Set<string>} ran the names of all tests that ran with it
 */
function patternOf(name, ran) {
  const parts = [];
  let begin = 0;
  for (let at = 0; at <= name.length; at += 1) {
    const ends = at === name.length || (name[at] === '/' && ran.has(name.slice(0, at)));
    if (!ends) continue;
    const escaped = name.slice(begin, at).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    parts.push(`^${escaped.replace(/\//g, '.')}$`);
    begin = at + 1;
  }
  return parts.join('/');
}

module.exports = { HARNESS, HARNESS_V3, patternOf, resultsIn, runHarness };
