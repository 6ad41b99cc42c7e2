'use strict';

/**
 * DynamoDB Local, Amazon's own engine for tests. Requires Java. Its jar is taken from an npm package; nothing
 * else of that package is used.
 */

const { spawn, spawnSync } = require('node:child_process');

const { call } = require('./dynamodb');
const { freePort } = require('./free-port');
const { fetchPackage } = require('./npm-package');
const { Unavailable } = require('./unavailable');

const PACKAGE = 'amplify-dynamodb-simulator';
const VERSION = '2.9.30';
/** The folder in the package that is used. */
const INSIDE = 'emulator';
const JAR = 'DynamoDBLocal.jar';
/** Several attempts, because another process may take the port before the engine does. */
const START_ATTEMPTS = 5;
/** A guard against hanging. */
const START_GUARD_MS = 300_000;

/**
 * @param {AbortSignal} signal also stops the engine
 * @param {number} [port] any free one by default
 * @returns {Promise<{endpoint: string, stop: () => void}>}
 * @throws {Unavailable}
 */
async function startDynamoDBLocal(signal, port) {
  if (spawnSync('java', ['-version']).status !== 0) throw new Unavailable('there is no Java');
  const folder = fetchPackage(PACKAGE, VERSION, INSIDE);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(folder, port ?? (await freePort()), signal);
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

/**
 * @param {string} folder the folder with the jar
 * @param {number} port
 * @param {AbortSignal} signal
 */
async function start(folder, port, signal) {
  const args = ['-Djava.library.path=./DynamoDBLocal_lib', '-jar', JAR];
  const options = ['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)];
  const java = spawn('java', [...args, ...options], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  let output = '';
  java.stderr.on('data', (chunk) => {
    output = (output + chunk).slice(-2000);
  });
  const stop = () => java.kill('SIGKILL');

  const endpoint = `http://127.0.0.1:${port}`;
  const started = Date.now();
  while (java.exitCode === null && Date.now() - started < START_GUARD_MS) {
    try {
      await call(endpoint, 'ListTables', {});
      return { endpoint, stop };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  stop();
  throw new Error(`DynamoDB Local does not start: ${output}`);
}

module.exports = { startDynamoDBLocal };
