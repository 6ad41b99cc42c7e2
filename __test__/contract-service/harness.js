'use strict';

/** Runs LaunchDarkly's harness against a service and reads what it prints. */

const { spawn } = require('node:child_process');
const fs = require('node:fs');

const { freePort } = require('../support/free-port');

/** The variables that name the programs: the harness in its versions 2 and 3. */
const HARNESS = 'SDK_TEST_HARNESS';
const HARNESS_V3 = 'SDK_TEST_HARNESS_V3';
/** The harness prints this after its last test. */
const SUMMARY = /^Test Summary: (\d+) total, (\d+) skipped, (\d+) ran$/m;

/**
 * @typedef {object} Results
 * @property {number} total
 * @property {number} skipped
 * @property {number} ran
 * @property {Set<string>} started the tests and groups of tests by their names, skipped ones included
 * @property {Set<string>} executed those that were not skipped
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
  const summary = SUMMARY.exec(output);
  if (!summary) throw new Error(`The harness did not come to its end. Its output is in ${log}.`);
  const [total, skipped, ran] = summary.slice(1).map(Number);
  const started = new Set();
  const executed = new Set();
  const failed = new Set();
  for (const line of output.split('\n')) {
    const [, begun] = /^\[(.*)\]$/.exec(line) || [];
    const [, failure] = /^ {2}FAILED(?: \(non-critical\))?: (.*)$/.exec(line) || [];
    const [, left] = /^ {2}SKIPPED: (.*)$/.exec(line) || [];
    if (begun !== undefined) {
      started.add(begun);
      executed.add(begun);
    }
    if (failure !== undefined) failed.add(failure);
    if (left !== undefined) {
      // The name is followed by the reason.
      const name = [...executed].reverse().find((each) => `${left} (`.startsWith(`${each} (`));
      if (name !== undefined) executed.delete(name);
    }
  }
  return { total, skipped, ran, started, executed, failed };
}

/**
 * Returns the harness's pattern for one test. It has a part for each part of the name, which are hard to tell apart:
 * they may contain slashes.
 *
 * @param {string} name
 * @param {Set<string>} started
 */
function patternOf(name, started) {
  const parts = [];
  let begin = 0;
  for (let at = 0; at <= name.length; at += 1) {
    const ends = at === name.length || (name[at] === '/' && started.has(name.slice(0, at)));
    if (!ends) continue;
    const escaped = name.slice(begin, at).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    parts.push(`^${escaped.replace(/\//g, '.')}$`);
    begin = at + 1;
  }
  return parts.join('/');
}

module.exports = { HARNESS, HARNESS_V3, patternOf, resultsIn, runHarness };
