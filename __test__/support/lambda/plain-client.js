'use strict';

/**
 * AWS's runtime interface client as the runtimes `nodejs22.x` and later have it, with its native part replaced by
 * JavaScript, so that nothing needs to be built.
 */

const fs = require('node:fs');
const path = require('node:path');

const { fetchPackage } = require('../npm-package');

const VERSION = '4.0.2';
/** What the native part does: it gets an event, and sends a response or an error. */
const NATIVE_PART = `
  const http = require('node:http');
  const root = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
  const call = (method, path, body) =>
    new Promise((resolve, reject) => {
      const request = http.request(root + path, { method }, (response) => {
        let bodyJson = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (bodyJson += chunk));
        response.on('end', () => resolve({ bodyJson, headers: response.headers }));
      });
      request.on('error', reject).end(body);
    });
  exports.next = () => call('GET', 'next');
  exports.done = (id, body) => call('POST', id + '/response', body);
  exports.error = (id, body) => call('POST', id + '/error', body);
`;

/**
 * @param {string} folder receives the client
 * @returns {string} its program
 * @throws {import('../unavailable').Unavailable}
 */
function plainClient(folder) {
  const program = path.join(folder, 'index.mjs');
  fs.copyFileSync(path.join(fetchPackage('aws-lambda-ric', VERSION), 'index.mjs'), program);
  // A folder of this name is found where the client requires the file.
  const part = path.join(folder, 'rapid-client.node');
  fs.mkdirSync(part);
  fs.writeFileSync(path.join(part, 'index.js'), NATIVE_PART);
  return program;
}

module.exports = { plainClient };
