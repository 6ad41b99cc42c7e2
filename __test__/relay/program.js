'use strict';

/**
 * LaunchDarkly's Relay Proxy: the program that `RELAY` names. Run as a script, this file checks that it is there.
 */

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');

const { AWS_ENVIRONMENT } = require('../support/environment');
const { freePort } = require('../support/free-port');

/** Several attempts, because another process may take the port before the Relay Proxy does. */
const START_ATTEMPTS = 5;
/** A guard against hanging. */
const START_GUARD_MS = 300_000;

/**
 * @returns {string | undefined} what is missing
 */
function whatIsMissing() {
  const program = process.env.RELAY;
  const runs = program && spawnSync(program, ['--version']).error === undefined;
  if (runs) return undefined;
  const given = program ? `${JSON.stringify(program)} does not run` : 'it is not set';
  return `RELAY must name LaunchDarkly's Relay Proxy, but ${given}; CONTRIBUTING.md says where to get it`;
}

/**
 * Starts a Relay Proxy and waits until it serves its status.
 *
 * @param {Record<string, string>} settings its environment variables
 */
async function startRelay(settings) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(settings, await freePort());
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

/**
 * @param {Record<string, string>} settings
 * @param {number} port
 */
async function start(settings, port) {
  const child = spawn(String(process.env.RELAY), ['--from-env'], {
    env: { ...AWS_ENVIRONMENT, ...settings, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let log = '';
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text) => {
      log += text;
    });
  }
  const relay = {
    /** The `baseUri`, `streamUri` and `eventsUri` of SDK clients. */
    url: `http://127.0.0.1:${port}`,
    /** @returns {string} what it has logged */
    log: () => log,
    /** Ends it with SIGKILL. */
    close: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
  const started = Date.now();
  while (child.exitCode === null && Date.now() - started < START_GUARD_MS) {
    if (await isServing(`${relay.url}/status`)) return relay;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await relay.close();
  throw new Error(`the Relay Proxy does not start: ${log.slice(-2000)}`);
}

/**
 * @param {string} url
 * @returns {Promise<boolean>}
 */
function isServing(url) {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}

if (require.main === module) {
  const missing = whatIsMissing();
  if (missing) {
    console.error(missing);
    process.exitCode = 2;
  }
}

module.exports = { startRelay };
