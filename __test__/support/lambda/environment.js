'use strict';

/**
 * Execution environments: Lambda functions in a runtime interface client, each in a process of its own.
 */

const { spawn } = require('node:child_process');

const { startRuntimeApi } = require('./runtime-api');

/** What Lambda sets besides the settings of AWS. Nothing else of this machine's environment gets in. */
const VARIABLES = {
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/function',
  AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
  LANG: 'en_US.UTF-8',
  PATH: String(process.env.PATH),
  TZ: ':UTC',
};

/**
 * @typedef {object} Deployment
 * @property {string} client the runtime interface client's program
 * @property {string} folder what is deployed
 * @property {string} handler the name of the handler's file
 * @property {Record<string, string | undefined>} variables
 * @property {string} [node] default: this Node.js
 * @property {string[]} [flags] flags for Node.js
 * @property {'inherit' | 'ignore'} [stderr] default: inherit
 *
 * @typedef {object} Environment
 * @property {(event: object) => Promise<any>} invoke returns the function's response
 * @property {() => void} freeze
 * @property {() => void} thaw
 * @property {() => void} end
 */

/**
 * @param {Deployment} deployment
 * @returns {Promise<() => Environment>} starts the process
 */
async function deploy({ client, folder, handler, variables, ...options }) {
  const { node = process.execPath, flags = [], stderr = 'inherit' } = options;
  const api = await startRuntimeApi();
  const env = {
    ...VARIABLES,
    ...variables,
    AWS_LAMBDA_RUNTIME_API: api.address,
    AWS_LAMBDA_FUNCTION_NAME: handler,
    LAMBDA_TASK_ROOT: folder,
    _HANDLER: `${handler}.handler`,
  };
  return () => {
    const child = spawn(node, [...flags, client, env._HANDLER], {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', stderr],
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
