'use strict';

/**
 * Execution environments: Lambda functions in AWS's runtime interface client, each in a separate process.
 */

const { spawn } = require('node:child_process');
const path = require('node:path');

const { childEnvironment } = require('../helpers/environment');
const { startRuntimeApi } = require('./runtime-api');

const CLIENT = path.join(__dirname, 'node_modules', 'aws-lambda-ric', 'bin', 'index.mjs');

/** Nothing of this machine's environment, which may name files for Node.js to read at its start. */
function lambdaEnvironment() {
  const aws = Object.entries(childEnvironment()).filter(([name]) => name.startsWith('AWS_'));
  return {
    ...Object.fromEntries(aws),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    LANG: 'en_US.UTF-8',
    PATH: String(process.env.PATH),
    TZ: ':UTC',
  };
}

/**
 * @typedef {object} Environment
 * @property {(event: object) => Promise<any>} invoke returns the function's response
 * @property {() => void} freeze
 * @property {() => void} thaw
 * @property {() => void} end
 */

/**
 * @param {string} folder
 * @param {string} name the name of the handler's file
 * @param {Record<string, string>} variables
 * @returns {Promise<() => Environment>} starts the process
 */
async function deploy(folder, name, variables) {
  const api = await startRuntimeApi();
  const env = {
    ...lambdaEnvironment(),
    ...variables,
    AWS_LAMBDA_RUNTIME_API: api.address,
    AWS_LAMBDA_FUNCTION_NAME: name,
    LAMBDA_TASK_ROOT: folder,
  };
  return () => {
    const child = spawn(process.execPath, [CLIENT, `${name}.handler`], {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const end = () => child.kill('SIGKILL');
    // A frozen process does not end by itself.
    process.once('exit', end);
    const ended = new Promise((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`ended with ${signal ?? code}`)));
    });
    // Whoever waits for a response learns of the end.
    ended.catch(() => {});
    return {
      invoke: (event) => Promise.race([api.invoke(event), ended]),
      freeze: () => child.kill('SIGSTOP'),
      thaw: () => child.kill('SIGCONT'),
      end: () => {
        end();
        process.removeListener('exit', end);
        api.close();
      },
    };
  };
}

module.exports = { deploy };
