'use strict';

/**
 * Measures one Lambda function from outside.
 */

const path = require('node:path');

const { CONTEXT, flagKey, servedValue } = require('../data');
const { now } = require('../helpers/clock');
const { median } = require('../report/median');
const { deploy } = require('./environment');

const FLAG = 1;
const EVENT = { flag: flagKey(FLAG), user: CONTEXT };
const TABLE = 'flags';
const WARM_INVOCATIONS = 30;
const FROZEN_MS = 3000;

/**
 * @typedef {import('./environment').Environment} Environment
 * @typedef {import('./functions').LambdaFunction} LambdaFunction
 */

/**
 * @param {LambdaFunction} lambda
 * @param {import('./layout').Layout} layout
 * @param {string} endpoint of the stub
 * @returns {Promise<Record<string, number>>} milliseconds by figure
 */
async function measureFunction(lambda, { unbundled, bundled }, endpoint) {
  const { name } = lambda;
  const forms = { unbundled, bundled: path.join(bundled, name) };
  /** @type {Record<string, number>} */
  const figures = {};
  /** @type {[form: string, environment: Environment][]} */
  const frozen = [];
  try {
    for (const [form, folder] of Object.entries(forms)) {
      const start = await deploy(folder, name, { FLAG_TABLE: TABLE, FLAG_ENDPOINT: endpoint });
      const started = now();
      const environment = start();
      frozen.push([form, environment]);
      await invoke(environment, lambda);
      figures[`${form}-cold`] = now() - started;
      figures[`${form}-warm`] = await warmInvocation(environment, lambda);
      environment.freeze();
    }
    await new Promise((resolve) => setTimeout(resolve, FROZEN_MS));
    for (const [form, environment] of frozen) {
      const started = now();
      environment.thaw();
      await invoke(environment, lambda);
      figures[`${form}-thawed`] = now() - started;
    }
  } finally {
    for (const [, environment] of frozen) environment.end();
  }
  return figures;
}

/**
 * @param {Environment} environment
 * @param {LambdaFunction} lambda
 */
async function invoke(environment, { answer = servedValue(FLAG) }) {
  const { value } = await environment.invoke(EVENT);
  // A fast failure must not count as speed.
  if (value !== answer) throw new Error(`the function answers ${value}`);
}

/**
 * @param {Environment} environment
 * @param {LambdaFunction} lambda
 * @returns {Promise<number>} milliseconds of the median invocation
 */
async function warmInvocation(environment, lambda) {
  const times = [];
  for (let i = 0; i < WARM_INVOCATIONS; i += 1) {
    const started = now();
    await invoke(environment, lambda);
    times.push(now() - started);
  }
  return median(times);
}

module.exports = { FROZEN_MS, measureFunction };
