'use strict';

/**
 * Starts and controls the stub from the runner and the measuring processes.
 */

const { spawn } = require('node:child_process');
const http = require('node:http');
const path = require('node:path');

const { flagKey } = require('../data');

const WARM_UP_REQUESTS = 1000;

/**
 * @returns {Promise<{endpoint: string, stop: () => void}>}
 */
async function startStub() {
  const child = spawn(process.execPath, [path.join(__dirname, 'main.js')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const port = await new Promise((resolve, reject) => {
    child.stdout.once('data', (chunk) => resolve(String(chunk).trim()));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the stub ended with ${code}`)));
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await warmUp(endpoint);
  return { endpoint, stop: () => child.stdin.end() };
}

/**
 * Runs requests until the stub's code is compiled, so that the first store has no disadvantage.
 *
 * @param {string} endpoint
 */
async function warmUp(endpoint) {
  await callStub(endpoint, 'seed', { flags: WARM_UP_REQUESTS });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const headers = { 'x-amz-target': 'DynamoDB_20120810.GetItem' };
  for (let i = 0; i < WARM_UP_REQUESTS; i += 1) {
    const Key = { namespace: { S: 'features' }, key: { S: flagKey(i) } };
    await post(endpoint, { agent, headers }, { Key });
  }
  agent.destroy();
}

/**
 * @param {string} endpoint
 * @param {'seed' | 'reset' | 'counts'} control
 * @param {object} [body]
 * @returns {Promise<any>}
 */
async function callStub(endpoint, control, body = {}) {
  return JSON.parse(await post(`${endpoint}/control/${control}`, { agent: false }, body));
}

/**
 * @param {string} url
 * @param {http.RequestOptions} options
 * @param {object} body
 * @returns {Promise<string>} the answer's body
 */
function post(url, options, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { ...options, method: 'POST' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
    const text = JSON.stringify(body);
    request.setHeader('content-length', Buffer.byteLength(text));
    request.end(text);
  });
}

module.exports = { callStub, startStub };
